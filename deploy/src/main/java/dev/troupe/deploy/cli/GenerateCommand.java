package dev.troupe.deploy.cli;

import dev.troupe.deploy.run.LocalModel;
import dev.troupe.model.TroupeException;
import dev.troupe.model.format.OpenModel;
import dev.troupe.model.sampling.SamplingOptions;
import dev.troupe.model.tokenizer.StreamingDecoder;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.transformer.InferenceSettings;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.IntConsumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code troupe generate}: continues a prompt with a model in a directory. */
@Command(
        name = "generate",
        mixinStandardHelpOptions = true,
        description = "Continues a prompt. The same model, prompt, settings and seed give the same text.")
final class GenerateCommand implements Callable<Integer> {
    @Option(
            names = "--model",
            required = true,
            paramLabel = "MODEL",
            description = "a GGUF file, a model directory or a checkpoint")
    @SuppressWarnings("NullAway.Init") // required
    private Path model;

    @Option(names = "--prompt", required = true, paramLabel = "TEXT", description = "may be empty")
    @SuppressWarnings("NullAway.Init") // required
    private String prompt;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            defaultValue = "200",
            description = "most tokens to generate (default: ${DEFAULT-VALUE})")
    private int maxTokens;

    @Option(
            names = "--temperature",
            paramLabel = "T",
            defaultValue = "0.8",
            description = "0 takes the most likely token each time (default: ${DEFAULT-VALUE})")
    private double temperature;

    @Option(names = "--top-k", paramLabel = "K", defaultValue = "0", description = "0 for no limit")
    private int topK;

    @Option(names = "--top-p", paramLabel = "P", defaultValue = "1", description = "1 for no limit")
    private double topP;

    @Option(names = "--seed", paramLabel = "S", defaultValue = "1", description = "default: ${DEFAULT-VALUE}")
    private long seed;

    @Mixin
    private ArithmeticOptions arithmetic = new ArithmeticOptions();

    @Option(names = "--json", description = "print the result as one JSON object on the last line")
    private boolean json;

    @Override
    public Integer call() {
        if (maxTokens < 1) {
            throw new TroupeException("--max-tokens is " + maxTokens + ": it must be at least 1");
        }
        InferenceSettings settings = arithmetic.settings();
        SamplingOptions options = new SamplingOptions(temperature, topK, topP, 0, 1, 0, 0, Map.of(), seed);
        try (LocalModel local = arithmetic.open(model)) {
            OpenModel loaded = local.opened();
            Tokenizer tokenizer = loaded.tokenizer();
            int[] ids = promptIds(tokenizer);
            PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
            StreamingDecoder decoder = new StreamingDecoder(tokenizer);
            IntConsumer show = json ? token -> {} : token -> out.print(decoder.append(token));
            if (!json) {
                out.print(prompt);
            }
            List<Integer> answer = local.generating(
                    settings, generator -> generator.generate(ids, maxTokens, options, tokenizer.endTokens(), show));
            if (json) {
                JsonLine.print(out, result(loaded, ids, answer));
            } else {
                out.println(decoder.flush());
            }
        }
        return 0;
    }

    /** The prompt as the model was trained to see one: after its beginning-of-text token, when it has one. */
    private int[] promptIds(Tokenizer tokenizer) {
        int[] ids = tokenizer.encode(prompt);
        return tokenizer
                .beginOfText()
                .map(begin -> {
                    int[] withBegin = new int[ids.length + 1];
                    withBegin[0] = begin;
                    System.arraycopy(ids, 0, withBegin, 1, ids.length);
                    return withBegin;
                })
                .orElse(ids);
    }

    private Map<String, Object> result(OpenModel loaded, int[] ids, List<Integer> answer) {
        Map<String, Object> result = new LinkedHashMap<>();
        result.put(
                "text",
                loaded.tokenizer()
                        .decode(answer.stream().mapToInt(Integer::intValue).toArray()));
        result.put("promptTokens", ids.length);
        result.put("completionTokens", answer.size());
        result.put("ids", answer);
        result.put("modelVersion", loaded.version());
        result.put("seed", seed);
        return result;
    }
}
