package dev.troupe.actors.training.exchange;

/** Inputs and targets of one micro-batch, [batch * time] each, row by row; used again and again. */
public final class MicroBatchBuffer {
    private final int[] inputs;
    private final int[] targets;

    public MicroBatchBuffer(int size) {
        inputs = new int[size];
        targets = new int[size];
    }

    /** Token ids. */
    public int[] inputs() {
        return inputs;
    }

    /** The token after each input; -1 where the loss leaves it out. */
    public int[] targets() {
        return targets;
    }
}
