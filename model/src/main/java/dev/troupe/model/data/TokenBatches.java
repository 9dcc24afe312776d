package dev.troupe.model.data;

import dev.troupe.model.TroupeException;
import java.util.ArrayList;
import java.util.List;

/**
 * Batches of windows over the token stream of a corpus, documents one after the other. Batch {@code n} is a pure
 * function of the tokens, the order, the seed, the shape and {@code n}: a run resumes by remembering {@code n} (see
 * {@link DataPosition}), and ranks share the work by taking different {@code n}. Immutable and thread-safe.
 *
 * <p>Legend: N tokens, B rows a batch, T inputs a row; a window is T + 1 tokens, inputs are its first T, targets its
 * last T; neighbouring windows of an epoch share one token, so that each target occurs once.
 *
 * <p>{@link BatchOrder#SHUFFLED}: sample {@code g = n * B + row} lies in epoch {@code g / W} of W windows, and a
 * {@link Permutation} by seed and epoch says which window it is; a batch may begin in one epoch and end in the next, so
 * a corpus may be smaller than a batch. From {@value #MIN_WINDOWS_FOR_PHASE} windows on, each epoch begins at a random
 * token, so that window boundaries move; this leaves out up to 2T tokens at the ends of an epoch, others each time.
 */
public final class TokenBatches {
    /** The target that a loss leaves out. */
    public static final int IGNORED = -1;

    static final int MIN_WINDOWS_FOR_PHASE = 64;

    private static final long PHASE_STREAM = 0x70686173;
    private static final long ORDER_STREAM = 0x6f726465;
    private static final long START_STREAM = 0x73746172;

    private final CorpusTokens corpus;
    private final BatchOrder order;
    private final long seed;

    public TokenBatches(CorpusTokens corpus, BatchOrder order, long seed) {
        this.corpus = corpus;
        this.order = order;
        this.seed = seed;
    }

    public BatchOrder order() {
        return order;
    }

    public long seed() {
        return seed;
    }

    /** The tokens that the windows lie over. */
    public CorpusTokens corpus() {
        return corpus;
    }

    /**
     * Number of windows of {@code time} inputs that one epoch has; for {@link BatchOrder#SEQUENTIAL} the last of them
     * may be part empty.
     *
     * @throws TroupeException when the corpus is shorter than one window
     */
    public long numWindows(int time) {
        if (time < 1) {
            throw new IllegalArgumentException("a window of " + time + " tokens");
        }
        long targets = corpus.tokens() - 1;
        if (order == BatchOrder.SEQUENTIAL) {
            if (targets < 1) {
                throw tooShort(1);
            }
            return (targets + time - 1) / time;
        }
        if (targets < time) {
            throw tooShort(time);
        }
        long windows = targets / time;
        return windows < MIN_WINDOWS_FOR_PHASE ? windows : windows - 1;
    }

    /** Number of batches that show every window once. */
    public long batchesPerEpoch(int batch, int time) {
        return (numWindows(time) + batch - 1) / batch;
    }

    private TroupeException tooShort(int time) {
        return new TroupeException("the corpus in " + corpus.name() + " has " + corpus.tokens()
                + " tokens, and one window takes " + (time + 1) + ": use more text or a shorter context");
    }

    /**
     * Fills rows with batch number {@code microBatch}.
     *
     * @param inputs [batch * time], row by row
     * @param targets [batch * time]: the token after each input, or {@link #IGNORED}
     * @throws TroupeException when the corpus is shorter than one window
     */
    public void fill(long microBatch, int batch, int time, int[] inputs, int[] targets) {
        if (microBatch < 0 || batch < 1 || inputs.length < batch * time || targets.length < batch * time) {
            throw new IllegalArgumentException("batch " + microBatch + " of " + batch + " x " + time + " in arrays of "
                    + inputs.length + " and " + targets.length);
        }
        List<TokenRange> windows = windows(microBatch, batch, time);
        int[] tokens = new int[TokenRange.tokens(windows)];
        corpus.copy(windows, tokens);
        int from = 0;
        for (int row = 0; row < batch; row++) {
            int length = windows.get(row).length();
            for (int t = 0; t < time; t++) {
                boolean hasTarget = t + 1 < length;
                inputs[row * time + t] = hasTarget ? tokens[from + t] : 0;
                targets[row * time + t] = hasTarget ? tokens[from + t + 1] : IGNORED;
            }
            from += length;
        }
    }

    /** [batch], a row each; those of {@link BatchOrder#SEQUENTIAL} end where the tokens do. */
    private List<TokenRange> windows(long microBatch, int batch, int time) {
        long available = numWindows(time);
        List<TokenRange> windows = new ArrayList<>(batch);
        for (int row = 0; row < batch; row++) {
            long sample = Math.addExact(Math.multiplyExact(microBatch, (long) batch), row);
            long start = start(sample, available, time);
            windows.add(new TokenRange(start, (int) Math.max(0, Math.min(time + 1L, corpus.tokens() - start))));
        }
        return windows;
    }

    private long start(long sample, long windows, int time) {
        return switch (order) {
            case SHUFFLED -> {
                long epoch = sample / windows;
                var permutation = new Permutation(windows, Mix.hash(seed ^ ORDER_STREAM, epoch));
                yield phase(epoch, time) + permutation.apply(sample % windows) * time;
            }
            case RANDOM -> Mix.below(corpus.tokens() - time, seed ^ START_STREAM, sample);
            case SEQUENTIAL -> sample < windows ? sample * time : corpus.tokens();
        };
    }

    private long phase(long epoch, int time) {
        boolean phased = (corpus.tokens() - 1) / time >= MIN_WINDOWS_FOR_PHASE;
        return phased ? Mix.below(time, seed ^ PHASE_STREAM, epoch) : 0;
    }
}
