package dev.troupe.model.kernel.int8;

/**
 * A pass over up to {@link #RUNS} runs of a panel and the rows of a strip. There are three, one after the other: sums
 * of numbers ({@link FourBitTile}), then the runs' scales, then sums times scales (both {@link FourBitScaling}); one
 * pass does the last two for a single row.
 */
interface FourBitPass {
    /** Runs that are summed before they are scaled. */
    int RUNS = BlockWeight.LARGE_RUNS;

    /** Vectors of a run in the table: two of scales, then, for Q4_K, two of shifts. */
    int TABLE_VECTORS = 4;

    /**
     * Runs the pass. All but the first are addresses.
     *
     * @param rows of the strip
     * @param strip of {@link FourBitStrips}, at the first run
     * @param weights at the first run of Q4_0, or at its block's head of Q4_K
     * @param table of scales
     * @param sums [runs][rows][COLUMNS] ints, of which a sum is what both halves have together, modulo 2^16
     * @param totals float32 [rows][COLUMNS]
     */
    void run(int runs, int rows, long strip, long weights, long table, long sums, long totals);

    /**
     * Calls a pass. All are called from here, and none is nearly alone: that keeps the compiler from inlining them into
     * one loop, in which it would run out of the operations it allows itself and put vectors on the heap.
     */
    static void call(
            FourBitPass pass, int runs, int rows, long strip, long weights, long table, long sums, long totals) {
        pass.run(runs, rows, strip, weights, table, sums, totals);
    }
}
