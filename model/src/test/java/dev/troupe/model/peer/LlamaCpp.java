package dev.troupe.model.peer;

import de.kherud.llama.InferenceParameters;
import de.kherud.llama.LlamaModel;
import de.kherud.llama.ModelParameters;
import de.kherud.llama.args.PoolingType;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * llama.cpp in a process of its own, for an assertion of its own ends the process. For each model and text it writes
 * the tokens of the text and the hidden state after the final norm at the last token, scaled to length 1, a line each;
 * or the likeliest continuation. Probabilities are not to be had: this binding aborts when it is asked for them.
 */
final class LlamaCpp {
    /** The library cannot be loaded here. */
    static final int UNAVAILABLE = 3;

    private static final int CONTEXT = 256;

    /** What to write. */
    enum Answer {
        HIDDEN,
        CONTINUATION
    }

    private LlamaCpp() {}

    /** Arguments: an {@link Answer}, the file to write, texts, a line each, tokens of a continuation, models. */
    public static void main(String[] args) throws IOException {
        List<String> texts = args[2].lines().toList();
        try (PrintWriter out = new PrintWriter(Files.newBufferedWriter(Path.of(args[1]), StandardCharsets.UTF_8))) {
            for (String model : Arrays.copyOfRange(args, 4, args.length)) {
                switch (Answer.valueOf(args[0])) {
                    case HIDDEN -> describe(model, texts, out);
                    case CONTINUATION -> resume(model, texts, Integer.parseInt(args[3]), out);
                }
            }
        } catch (UnsatisfiedLinkError | ExceptionInInitializerError | NoClassDefFoundError e) {
            System.err.println("llama.cpp: " + e);
            Runtime.getRuntime().halt(UNAVAILABLE);
        }
        // Its threads outlive their models, and would keep the process.
        Runtime.getRuntime().halt(0);
    }

    private static void describe(String model, List<String> texts, PrintWriter out) {
        ModelParameters embedding = parameters(model);
        embedding.enableEmbedding();
        embedding.setPoolingType(PoolingType.LAST);
        try (LlamaModel llama = new LlamaModel(embedding)) {
            for (String text : texts) {
                out.println(Arrays.stream(llama.encode(text))
                        .mapToObj(Integer::toString)
                        .collect(Collectors.joining(" ")));
                float[] hidden = llama.embed(text);
                out.println(IntStream.range(0, hidden.length)
                        .mapToObj(i -> Float.toString(hidden[i]))
                        .collect(Collectors.joining(" ")));
            }
        }
    }

    private static void resume(String model, List<String> texts, int numTokens, PrintWriter out) {
        try (LlamaModel llama = new LlamaModel(parameters(model))) {
            for (String text : texts) {
                out.println(llama.complete(new InferenceParameters(text)
                        .setTemperature(0)
                        .setNPredict(numTokens)
                        .setCachePrompt(false)));
            }
        }
    }

    private static ModelParameters parameters(String model) {
        ModelParameters parameters = new ModelParameters()
                .setModel(model)
                .setCtxSize(CONTEXT)
                .setThreads(2)
                .setSeed(1);
        parameters.skipWarmup();
        return parameters;
    }
}
