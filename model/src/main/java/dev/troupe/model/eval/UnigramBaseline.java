package dev.troupe.model.eval;

import dev.troupe.model.data.TokenShards;

/**
 * The model that knows only how often each token occurs in the training text, add-one smoothed: p(t) = (count(t) + 1) /
 * (tokens + V). A language model that has learned anything of order is far below its perplexity.
 */
public final class UnigramBaseline {
    private static final int CHUNK_TOKENS = 1 << 16;

    private final double[] nll; // [V]

    private UnigramBaseline(long[] counts) {
        long total = counts.length;
        for (long count : counts) {
            total += count;
        }
        this.nll = new double[counts.length];
        for (int token = 0; token < counts.length; token++) {
            nll[token] = Math.log((double) total) - Math.log(counts[token] + 1.0);
        }
    }

    /** Counts all tokens of a corpus. */
    public static UnigramBaseline train(TokenShards shards) {
        long[] counts = new long[shards.vocabSize()];
        int[] chunk = new int[CHUNK_TOKENS];
        for (long position = 0; position < shards.tokens(); position += CHUNK_TOKENS) {
            int length = (int) Math.min(CHUNK_TOKENS, shards.tokens() - position);
            shards.copy(position, chunk, 0, length);
            for (int i = 0; i < length; i++) {
                counts[chunk[i]]++;
            }
        }
        return new UnigramBaseline(counts);
    }

    /** A baseline of token counts, [V]. */
    public static UnigramBaseline of(long[] counts) {
        return new UnigramBaseline(counts);
    }

    /** Predicts the same tokens as a {@link PerplexityEvaluator} does for this set. */
    public Evaluation evaluate(EvaluationSet set) {
        int[] inputs = new int[set.time()];
        int[] targets = new int[set.time()];
        double total = 0;
        long tokens = 0;
        long bytes = 0;
        for (long window = 0; window < set.numWindows(); window++) {
            int length = set.fill(window, inputs, targets, 0);
            for (int i = 0; i < length; i++) {
                total += nll[targets[i]];
                bytes += set.bytesOf(targets[i]);
            }
            tokens += length;
        }
        return set.evaluation(tokens, bytes, total);
    }
}
