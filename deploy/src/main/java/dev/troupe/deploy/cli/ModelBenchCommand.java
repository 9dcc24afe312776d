package dev.troupe.deploy.cli;

import dev.troupe.model.TroupeException;
import dev.troupe.model.bench.InferenceShape;
import dev.troupe.model.bench.RandomModel;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.transformer.ServedWeights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code troupe bench model}: a file for {@code bench load} and {@code bench serve}. */
@Command(
        name = "model",
        mixinStandardHelpOptions = true,
        description = "Writes a GGUF file with random weights at the shape of a published model, and a vocabulary of"
                + " its size: what bench load and bench serve can be repeated with, and what bench inference measures.")
final class ModelBenchCommand implements Callable<Integer> {
    @Option(
            names = "--shape",
            paramLabel = "NAME",
            defaultValue = "135m",
            description = "tiny, 135m, 0.5b or 1.1b (default: ${DEFAULT-VALUE})")
    private String shape = "135m";

    @Option(
            names = "--type",
            paramLabel = "TYPE",
            defaultValue = "q8_0",
            description = "of the matrices: f32, bf16, f16, q8_0, q6_k, q4_k or q4_0 (default: ${DEFAULT-VALUE})")
    private String type = "q8_0";

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "a GGUF file; must not exist")
    @SuppressWarnings("NullAway.Init") // required
    private Path out;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "0",
            description = "of the weights; 0 gives those of bench inference (default: ${DEFAULT-VALUE})")
    private long seed;

    @Option(names = "--json", description = "print the result as one JSON object on the last line")
    private boolean json;

    @Override
    public Integer call() {
        @Nullable StorageType wanted = ServedWeights.named(type);
        if (wanted == null) {
            throw new TroupeException("--type " + type + ": nothing is stored yet; name the type, such as q8_0");
        }
        if (!out.toString().endsWith(".gguf")) {
            throw new TroupeException(out + ": a GGUF file is written: end its name in .gguf");
        }
        InferenceShape chosen = InferenceBenchCommand.shape(shape);
        long parameters = RandomModel.write(chosen, wanted, seed, out);
        long bytes = bytes();
        if (json) {
            JsonLine.print(
                    System.out,
                    Map.of("file", out.toString(), "shape", shape, "parameters", parameters, "bytes", bytes));
        } else {
            System.out.printf(Locale.ROOT, "%s: %.1f MB, %.1f million weights%n", out, bytes / 1e6, parameters / 1e6);
        }
        return 0;
    }

    private long bytes() {
        try {
            return Files.size(out);
        } catch (IOException e) {
            throw new TroupeException(out + " cannot be read: " + e.getMessage(), e);
        }
    }
}
