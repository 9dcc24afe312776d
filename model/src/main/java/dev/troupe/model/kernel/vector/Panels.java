package dev.troupe.model.kernel.vector;

import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.get;
import static dev.troupe.model.kernel.vector.Lanes.load;
import static dev.troupe.model.kernel.vector.Lanes.set;
import static dev.troupe.model.kernel.vector.Lanes.store;

/**
 * The packed layout of a right-hand matrix [k, n]: panels of {@link Tiles#COLUMNS} columns one after the other, in each
 * [k][width]. The last panel is narrower: as many whole vectors as its columns need. What lies beyond the columns does
 * not matter.
 */
public final class Panels {
    private Panels() {}

    public static int count(int n) {
        return (n + Tiles.COLUMNS - 1) / Tiles.COLUMNS;
    }

    /** Columns that a panel really has. */
    public static int columns(int n, int panel) {
        return Math.min(Tiles.COLUMNS, n - panel * Tiles.COLUMNS);
    }

    /** Columns that a panel is stored with. */
    public static int width(int n, int panel) {
        return roundUp(columns(n, panel));
    }

    /** Byte offset of a panel. */
    public static long offset(int k, int panel) {
        return (long) panel * Tiles.COLUMNS * k * Float.BYTES;
    }

    /** Elements of the whole layout. */
    public static long size(int k, int n) {
        return (long) k * roundUp(n);
    }

    /** Packs all panels of a B [k, n] that is stored transposed. */
    public static void packAllColumns(int k, int n, long b, long stride, long packed) {
        for (int panel = 0; panel < count(n); panel++) {
            long first = b + (long) panel * Tiles.COLUMNS * stride;
            packColumns(k, columns(n, panel), first, stride, packed + offset(k, panel));
        }
    }

    private static int roundUp(int n) {
        return (n + LANES - 1) / LANES * LANES;
    }

    /** Packs {@code columns} columns of B, the first of which is at {@code b}; row stride in bytes. */
    public static void packRows(int k, int columns, long b, long stride, long panel) {
        int whole = columns / LANES * LANES;
        long width = roundUp(columns) * (long) Float.BYTES;
        for (int p = 0; p < k; p++) {
            long from = b + p * stride;
            long to = panel + p * width;
            for (int j = 0; j < whole; j += LANES) {
                store(load(from + j * 4L), to + j * 4L);
            }
            if (whole < columns) {
                packTail(columns - whole, from + whole * 4L, 4, to + whole * 4L);
            }
        }
    }

    /** As {@link #packRows} of a B that is stored transposed: its columns are {@code stride} bytes apart. */
    public static void packColumns(int k, int columns, long b, long stride, long panel) {
        Transposition.columns(columns, k, b, stride, panel, roundUp(columns) * (long) Float.BYTES);
    }

    private static void packTail(int count, long from, long stride, long to) {
        for (int q = 0; q < LANES; q++) {
            set(to + q * 4L, q < count ? get(from + q * stride) : 0);
        }
    }
}
