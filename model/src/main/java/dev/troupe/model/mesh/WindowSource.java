package dev.troupe.model.mesh;

/** Gives every rank that asks the same window of held-out text for the same number. */
@FunctionalInterface
public interface WindowSource {
    /**
     * Reads a window.
     *
     * @param window from 0
     * @param row of the window in the arrays, which are [rows * time]
     * @param targets -1 does not count
     */
    void read(int window, int row, int[] inputs, int[] targets);
}
