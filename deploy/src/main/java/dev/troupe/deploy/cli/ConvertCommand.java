package dev.troupe.deploy.cli;

import dev.troupe.model.format.ModelConverter;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.transformer.ServedWeights;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code troupe convert}: a model in the other format. */
@Command(
        name = "convert",
        mixinStandardHelpOptions = true,
        description = "Writes a GGUF file as a model directory, or a directory as a GGUF file, with tokenizer and chat"
                + " template; and a checkpoint of any mesh as either. Numbers stay as they are, but for blocks,"
                + " which a directory holds as f32.")
final class ConvertCommand implements Callable<Integer> {
    @Parameters(
            index = "0",
            paramLabel = "FROM",
            description = "a GGUF file, a model directory, or a checkpoint of a training")
    @SuppressWarnings("NullAway.Init") // required
    private Path from;

    @Parameters(
            index = "1",
            paramLabel = "TO",
            description = "a GGUF file, when it ends in .gguf, else a directory; must not exist")
    @SuppressWarnings("NullAway.Init") // required
    private Path to;

    @Option(
            names = "--type",
            paramLabel = "TYPE",
            defaultValue = ServedWeights.STORED,
            description = "of the matrices: stored, f32, bf16 or f16; in GGUF also q8_0, q6_k, q4_k or q4_0"
                    + " (default: ${DEFAULT-VALUE})")
    private String type = ServedWeights.STORED;

    @Override
    public Integer call() {
        @Nullable StorageType wanted = ServedWeights.named(type);
        ModelConverter.convert(from, to, wanted);
        Written.report(from, to);
        return 0;
    }
}
