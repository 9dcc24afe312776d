package dev.troupe.deploy.cli;

import dev.troupe.deploy.run.LocalModel;
import dev.troupe.model.eval.Evaluation;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
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

    @Mixin
    private ArithmeticOptions arithmetic = new ArithmeticOptions();

    @Option(names = "--json", description = "print the result as one JSON object on the last line")
    private boolean json;

    @Override
    public Integer call() {
        try (LocalModel local = arithmetic.open(model)) {
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
        return local.evaluateFile(text, arithmetic.settings());
    }
}
