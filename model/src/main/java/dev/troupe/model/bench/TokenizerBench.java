package dev.troupe.model.bench;

import dev.troupe.model.tokenizer.BpeTrainer;
import dev.troupe.model.tokenizer.ByteLevelBpe;
import dev.troupe.model.tokenizer.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/** Speed of encoding and of BPE training on given documents. Megabytes are 10^6 bytes of UTF-8. */
public final class TokenizerBench {
    private static final int CHUNK_CHARS = 1 << 17;

    private TokenizerBench() {}

    /**
     * Encoding: the median of the timed rounds.
     *
     * @param bytes UTF-8 bytes of the documents
     * @param tokens ids that they became
     */
    public record Encoding(int threads, long bytes, long tokens, double megabytesPerSecond) {
        /** How much text one id carries. */
        public double bytesPerToken() {
            return (double) bytes / tokens;
        }
    }

    /**
     * Training: the fastest of the timed rounds, counting included.
     *
     * @param vocabSize ids of the result
     */
    public record Training(int threads, long bytes, int vocabSize, double seconds) {}

    /** Encodes all documents once to warm up for each of the timed rounds, on so many threads. */
    public static Encoding encode(Tokenizer tokenizer, List<String> documents, int threads, int rounds) {
        List<List<String>> chunks = chunks(documents);
        double[] seconds = new double[rounds];
        long tokens = 0;
        try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
            for (int round = -rounds; round < rounds; round++) {
                long start = System.nanoTime();
                tokens = encodeAll(tokenizer, chunks, pool, threads);
                if (round >= 0) {
                    seconds[round] = (System.nanoTime() - start) / 1e9;
                }
            }
        }
        Arrays.sort(seconds);
        long bytes = bytes(documents);
        return new Encoding(threads, bytes, tokens, bytes / 1e6 / seconds[rounds / 2]);
    }

    /** Trains so many times, the first time cold. */
    public static Training train(List<String> documents, int vocabSize, int threads, int rounds) {
        double best = Double.MAX_VALUE;
        int size = 0;
        for (int round = 0; round < rounds; round++) {
            long start = System.nanoTime();
            ByteLevelBpe bpe = BpeTrainer.train(documents, vocabSize, List.of(BpeTrainer.END_OF_TEXT), threads);
            best = Math.min(best, (System.nanoTime() - start) / 1e9);
            size = bpe.vocabSize();
        }
        return new Training(threads, bytes(documents), size, best);
    }

    private static long encodeAll(Tokenizer tokenizer, List<List<String>> chunks, ExecutorService pool, int threads) {
        AtomicInteger next = new AtomicInteger();
        List<Future<Long>> sums = new ArrayList<>();
        for (int thread = 0; thread < threads; thread++) {
            sums.add(pool.submit(() -> {
                long tokens = 0;
                for (int i = next.getAndIncrement(); i < chunks.size(); i = next.getAndIncrement()) {
                    for (String document : chunks.get(i)) {
                        tokens += tokenizer.encode(document).length;
                    }
                }
                return tokens;
            }));
        }
        return sums.stream().mapToLong(TokenizerBench::await).sum();
    }

    private static List<List<String>> chunks(List<String> documents) {
        List<List<String>> chunks = new ArrayList<>();
        int chars = CHUNK_CHARS;
        for (String document : documents) {
            if (chars >= CHUNK_CHARS) {
                chunks.add(new ArrayList<>());
                chars = 0;
            }
            chunks.getLast().add(document);
            chars += document.length();
        }
        return chunks;
    }

    private static long bytes(List<String> documents) {
        return documents.stream()
                .mapToLong(text -> text.getBytes(StandardCharsets.UTF_8).length)
                .sum();
    }

    private static long await(Future<Long> sum) {
        try {
            return sum.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while encoding", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException("encoding failed", e.getCause());
        }
    }
}
