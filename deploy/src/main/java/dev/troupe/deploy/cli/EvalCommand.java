package dev.troupe.deploy.cli;

import dev.troupe.deploy.run.LocalModel;
import dev.troupe.model.eval.Evaluation;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.transformer.Prefill;
import dev.troupe.model.transformer.ServedWeights;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code troupe eval}: how well a model predicts a text. */
@Command(
        name = "eval",
        mixinStandardHelpOptions = true,
        description = "Measures the perplexity and the bits per byte of a model on a text.")
final class EvalCommand implements Callable<Integer> {
    @Option(
            names = "--model",
            required = true,
            paramLabel = "MODEL",
            description = "a GGUF file, a model directory or a checkpoint")
    @SuppressWarnings("NullAway.Init") // required
    private Path model;

    @Option(names = "--text", required = true, paramLabel = "FILE", description = "UTF-8 text")
    @SuppressWarnings("NullAway.Init") // required
    private Path text;

    @Option(names = "--backend", paramLabel = "NAME", defaultValue = "auto", description = "kernel provider")
    private String backend = "auto";

    @Option(
            names = "--precision",
            paramLabel = "NAME",
            defaultValue = "fp32",
            description = "of the operands of products: fp32 or bf16 (default: ${DEFAULT-VALUE})")
    private String precision = "fp32";

    @Option(
            names = "--weights",
            paramLabel = "TYPE",
            defaultValue = ServedWeights.STORED,
            description =
                    "what matrices are rounded to, as when the model is served: stored (not at all), f32, bf16, f16,"
                            + " q8_0, q6_k, q4_k or q4_0 (default: ${DEFAULT-VALUE})")
    private String weights = ServedWeights.STORED;

    @Option(
            names = "--prefill",
            paramLabel = "HOW",
            defaultValue = "exact",
            description = "how the text is read, as a prompt is: exact, bf16 or int8 (default: ${DEFAULT-VALUE})")
    private String prefill = "exact";

    @Option(names = "--json", description = "print the result as one JSON object on the last line")
    private boolean json;

    @Override
    public Integer call() {
        try (LocalModel local = LocalModel.open(model, backend, Precision.named(precision))) {
            Evaluation evaluation = evaluate(local);
            if (json) {
                Map<String, Object> result = new LinkedHashMap<>();
                result.put("tokens", evaluation.tokens());
                result.put("nllPerToken", evaluation.nllPerToken());
                result.put("perplexity", evaluation.perplexity());
                result.put("bitsPerByte", evaluation.bitsPerByte());
                JsonLine.print(System.out, result);
            } else {
                System.out.printf(
                        "%d tokens: %.4f nats a token, perplexity %.3f, %.4f bits a byte%n",
                        evaluation.tokens(),
                        evaluation.nllPerToken(),
                        evaluation.perplexity(),
                        evaluation.bitsPerByte());
            }
        }
        return 0;
    }

    private Evaluation evaluate(LocalModel local) {
        @Nullable StorageType type = ServedWeights.named(weights);
        return local.evaluateFile(text, type, Prefill.named(prefill));
    }
}
