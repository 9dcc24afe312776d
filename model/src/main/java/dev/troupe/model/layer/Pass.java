package dev.troupe.model.layer;

import java.util.Arrays;

/**
 * What all layers need to know about the micro batch that is going through them. One object, refilled for each micro
 * batch, so that a step allocates nothing.
 */
public final class Pass {
    private final int maxBatch;
    private final int maxTime;
    private final int[] positions; // [R], of each row in its sequence
    private int batch;
    private int time;
    private boolean dropout;
    private long dropoutSeed;
    private boolean overwriting;

    public Pass(int maxBatch, int maxTime) {
        this.maxBatch = maxBatch;
        this.maxTime = maxTime;
        this.positions = new int[Math.multiplyExact(maxBatch, maxTime)];
    }

    /** Begins a micro batch with dropout, whose masks follow from the seed. */
    public void beginTraining(int newBatch, int newTime, long seed) {
        begin(newBatch, newTime);
        dropout = true;
        dropoutSeed = seed;
    }

    /** Begins a micro batch without dropout. */
    public void beginEvaluation(int newBatch, int newTime) {
        begin(newBatch, newTime);
        dropout = false;
    }

    private void begin(int newBatch, int newTime) {
        if (newBatch < 1 || newTime < 1 || newTime > maxTime || newBatch * newTime > positions.length) {
            throw new IllegalArgumentException("a micro batch of " + newBatch + " x " + newTime
                    + " does not fit in the " + maxBatch + " x " + maxTime + " that memory was set up for");
        }
        if (newTime != time) {
            Arrays.setAll(positions, row -> row % newTime);
        }
        batch = newBatch;
        time = newTime;
    }

    /**
     * Whether the backward pass overwrites the gradients of weight matrices, which then need not be zeroed before. All
     * other gradients are added to in any case.
     */
    public void overwriteGradients(boolean overwrite) {
        overwriting = overwrite;
    }

    public int batch() {
        return batch;
    }

    public int time() {
        return time;
    }

    public int rows() {
        return batch * time;
    }

    int[] positions() {
        return positions;
    }

    boolean overwritesGradients() {
        return overwriting;
    }

    boolean dropout() {
        return dropout;
    }

    long dropoutSeed() {
        return dropoutSeed;
    }
}
