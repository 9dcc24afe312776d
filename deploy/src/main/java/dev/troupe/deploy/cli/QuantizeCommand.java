package dev.troupe.deploy.cli;

import dev.troupe.model.TroupeException;
import dev.troupe.model.format.ModelConverter;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.transformer.ServedWeights;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code troupe quantize}: a model in fewer bits. */
@Command(
        name = "quantize",
        mixinStandardHelpOptions = true,
        description = "Writes a model as a GGUF file with its matrices in fewer bits: the file that --weights makes of"
                + " it in memory. A matrix whose rows do not fill whole blocks is stored as q8_0, else as bf16.")
final class QuantizeCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "FROM", description = "a GGUF file or a model directory")
    @SuppressWarnings("NullAway.Init") // required
    private Path from;

    @Parameters(index = "1", paramLabel = "TO", description = "a GGUF file; must not exist")
    @SuppressWarnings("NullAway.Init") // required
    private Path to;

    @Option(
            names = "--type",
            paramLabel = "TYPE",
            required = true,
            description = "q8_0, q6_k, q4_k, q4_0, f16, bf16 or f32")
    @SuppressWarnings("NullAway.Init") // required
    private String type;

    @Override
    public Integer call() {
        @Nullable StorageType wanted = ServedWeights.named(type);
        if (wanted == null) {
            throw new TroupeException("--type " + type + " changes nothing: name the type, such as q8_0");
        }
        if (!to.toString().endsWith(".gguf")) {
            throw new TroupeException(to + ": fewer bits are stored in GGUF: end the target's name in .gguf");
        }
        ModelConverter.convert(from, to, wanted);
        Written.report(from, to);
        return 0;
    }
}
