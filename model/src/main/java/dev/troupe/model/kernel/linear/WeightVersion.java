package dev.troupe.model.kernel.linear;

/** Counts the changes of a model's weights; what was made of an earlier version is made anew. One thread at a time. */
public final class WeightVersion {
    private long number = 1;

    /** The weights have changed, or may have. */
    public void advance() {
        number++;
    }

    /** At least 1. */
    public long number() {
        return number;
    }
}
