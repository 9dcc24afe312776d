package dev.troupe.model.peer;

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
 * two lines: the tokens of the text, and the hidden state after the final norm at the last token, scaled to length 1.
 * Probabilities are not to be had: this binding aborts when it is asked for them.
 */
final class LlamaCpp {
    /** The library cannot be loaded here. */
    static final int UNAVAILABLE = 3;

    private static final int CONTEXT = 256;

    private LlamaCpp() {}

    /** Arguments: file to write, texts, a line each, models. */
    public static void main(String[] args) throws IOException {
        try (PrintWriter out = new PrintWriter(Files.newBufferedWriter(Path.of(args[0]), StandardCharsets.UTF_8))) {
            for (String model : Arrays.copyOfRange(args, 2, args.length)) {
                describe(model, args[1].lines().toList(), out);
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
