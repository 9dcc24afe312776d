package dev.troupe.model.tokenizer;

import com.knuddels.jtokkit.api.Encoding;
import com.knuddels.jtokkit.api.EncodingType;
import dev.troupe.model.bench.TokenizerBench;
import dev.troupe.model.data.Document;
import dev.troupe.model.data.WordNetSource;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;

/**
 * Prints encode speed beside jtokkit's on the WordNet corpus, single-threaded with the same vocabulary and in turns, so
 * that noise meets both, and training time. Not a test: run its main class with the test class path.
 */
public final class JtokkitComparison {
    private static final int ROUNDS = 7;

    private JtokkitComparison() {}

    public static void main(String[] args) {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        List<String> documents;
        try (Stream<Document> source = new WordNetSource().documents()) {
            documents = source.map(Document::text).toList();
        }
        compare(out, "gpt2", Vocabularies.gpt2(), Vocabularies.jtokkit(EncodingType.R50K_BASE), documents);
        compare(out, "cl100k", Vocabularies.cl100k(), Vocabularies.jtokkit(EncodingType.CL100K_BASE), documents);
        for (int threads : new int[] {1, 2}) {
            TokenizerBench.Encoding encoding = TokenizerBench.encode(Vocabularies.gpt2(), documents, threads, 3);
            out.printf("gpt2 on %d threads: %.1f MB/s%n", threads, encoding.megabytesPerSecond());
            TokenizerBench.Training training = TokenizerBench.train(documents, 256 + 4096 + 1, threads, 3);
            out.printf("training %d ids on %d threads: %.2f s%n", training.vocabSize(), threads, training.seconds());
        }
    }

    private static void compare(
            PrintStream out, String name, ByteLevelBpe ours, Encoding jtokkit, List<String> documents) {
        List<String> texts = batches(documents);
        double[] ourSeconds = new double[ROUNDS];
        double[] theirSeconds = new double[ROUNDS];
        for (int round = -2; round < ROUNDS; round++) {
            double us = seconds(texts, text -> ours.encode(text).length);
            double them = seconds(texts, text -> jtokkit.encodeOrdinary(text).size());
            if (round >= 0) {
                ourSeconds[round] = us;
                theirSeconds[round] = them;
            }
        }
        double megabytes = texts.stream()
                        .mapToLong(text -> text.getBytes(StandardCharsets.UTF_8).length)
                        .sum()
                / 1e6;
        double us = megabytes / median(ourSeconds);
        double them = megabytes / median(theirSeconds);
        out.printf(
                "%s, %.1f MB: troupe %.1f MB/s, jtokkit %.1f MB/s, ratio %.2f%n", name, megabytes, us, them, us / them);
    }

    /** Texts of some 10,000 characters, as long as jtokkit likes them. */
    private static List<String> batches(List<String> documents) {
        List<String> texts = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        for (String document : documents) {
            text.append(document).append('\n');
            if (text.length() > 10_000) {
                texts.add(text.toString());
                text.setLength(0);
            }
        }
        return texts;
    }

    private static double seconds(List<String> texts, ToIntFunction<String> encode) {
        long start = System.nanoTime();
        long tokens = 0;
        for (String text : texts) {
            tokens += encode.applyAsInt(text);
        }
        if (tokens == 0) {
            throw new IllegalStateException("no tokens");
        }
        return (System.nanoTime() - start) / 1e9;
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
