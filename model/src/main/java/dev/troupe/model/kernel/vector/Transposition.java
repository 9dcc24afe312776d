package dev.troupe.model.kernel.vector;

import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.get;
import static dev.troupe.model.kernel.vector.Lanes.set;

/** Turns rows into columns. */
public final class Transposition {
    private Transposition() {}

    /**
     * Rows [rows][width] become columns [width][rows]; strides in bytes. Columns are written up to the next whole
     * vector, the surplus with copies of the last row.
     */
    public static void columns(int rows, int width, long from, long rowFrom, long to, long rowTo) {
        for (int r = 0; r < rows; r += LANES) {
            int real = Math.min(LANES, rows - r);
            for (int i = 0; i < width; i++) {
                long source = from + r * rowFrom + i * 4L;
                long target = to + i * rowTo + r * 4L;
                if (real == LANES) {
                    for (int q = 0; q < LANES; q++) {
                        set(target + q * 4L, get(source + q * rowFrom));
                    }
                } else {
                    for (int q = 0; q < LANES; q++) {
                        set(target + q * 4L, get(source + Math.min(q, real - 1) * rowFrom));
                    }
                }
            }
        }
    }
}
