package dev.troupe.actors.training.eval;

import dev.troupe.model.data.BatchOrder;
import dev.troupe.model.data.CorpusTokens;
import dev.troupe.model.data.TokenBatches;

/** A fixed choice of windows over held-out tokens: evenly spread, the same for every evaluation of a run. */
public final class HeldOutWindows {
    /** Enough rows to fill the matrix kernels. */
    private static final int TOKENS_AT_ONCE = 2048;

    private final TokenBatches batches;
    private final int time;
    private final long available;

    public HeldOutWindows(CorpusTokens heldOut, int time) {
        this.batches = new TokenBatches(heldOut, BatchOrder.SEQUENTIAL, 0);
        this.time = time;
        this.available = batches.numWindows(time);
    }

    /** What the windows are of. */
    public CorpusTokens corpus() {
        return batches.corpus();
    }

    /** Tokens of a window. */
    public int time() {
        return time;
    }

    /** How many windows an evaluation without pauses takes at once. */
    public int atOnce() {
        return Math.max(1, TOKENS_AT_ONCE / time);
    }

    /** How many windows an evaluation of at most {@code wanted} has. */
    public int count(int wanted) {
        return (int) Math.min(wanted, available);
    }

    /**
     * Reads window {@code index} of {@code count}.
     *
     * @param row where in the arrays, which are [rows * time]
     */
    public void read(int index, int count, int row, int[] inputs, int[] targets) {
        int[] windowInputs = new int[time];
        int[] windowTargets = new int[time];
        batches.fill(available * index / count, 1, time, windowInputs, windowTargets);
        System.arraycopy(windowInputs, 0, inputs, row * time, time);
        System.arraycopy(windowTargets, 0, targets, row * time, time);
    }
}
