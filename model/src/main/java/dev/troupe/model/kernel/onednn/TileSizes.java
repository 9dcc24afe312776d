package dev.troupe.model.kernel.onednn;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The sizes of tiles that a product is cut into, of which each gives an element the same bits. oneDNN promises no order
 * of sums, but chooses one by processor and shape; so the sizes are tried on this processor, and those that differ from
 * a tile of {@link #TILE_ROWS} rows and one panel are not used: fewer rows are then multiplied as a tile of more, the
 * surplus for nothing. (One row alone differed where sums are longer than 1,024: docs/log-earlier.md.)
 *
 * @param rows ascending, among them {@link #TILE_ROWS}
 * @param panels ascending, from 1
 */
record TileSizes(List<Integer> rows, List<Integer> panels) {
    /** Rows of the tile that the others are compared with: the fewest at which the processor is near its peak. */
    static final int TILE_ROWS = 64;

    /** Rows of the largest tile. */
    static final int MOST_ROWS = 256;

    private static final List<Integer> ROWS = List.of(1, 2, 4, 8, 16, 32, TILE_ROWS, 128, MOST_ROWS);
    private static final List<Integer> PANELS = List.of(1, 2, 3, 4, 6, 8, 12, 16);

    /** Lengths of sums that are tried: a block, an odd number of them, and one as in the widest layers. */
    private static final int[] DEPTHS = {32, 1056, 5632};

    /** From as many rows on, tiles are cut without surplus. */
    private static final int EFFICIENT_ROWS = 16;

    TileSizes {
        rows = List.copyOf(rows);
        panels = List.copyOf(panels);
    }

    /** All, for sums that have no order. */
    static TileSizes all() {
        return new TileSizes(ROWS, PANELS);
    }

    /** Those that agree on this processor. */
    static TileSizes tried() {
        try (SizeTrial trial = new SizeTrial(PANELS.getLast(), DEPTHS[DEPTHS.length - 1])) {
            List<Integer> panels = new ArrayList<>(PANELS);
            panels.removeIf(count -> !agrees(trial, TILE_ROWS, count));
            List<Integer> rows = new ArrayList<>(ROWS);
            rows.removeIf(count ->
                    count != TILE_ROWS && !(agrees(trial, count, 1) && agrees(trial, count, panels.getLast())));
            panels.removeIf(count -> count > 1 && !agrees(trial, rows.getFirst(), count));
            return new TileSizes(rows, panels);
        }
    }

    private static boolean agrees(SizeTrial trial, int rows, int panels) {
        return Arrays.stream(DEPTHS).allMatch(depth -> trial.agrees(rows, panels, depth));
    }

    /**
     * Rows of the tile to take next when so many are left. It may have more, but few tiles of few rows are slower than
     * one with up to a quarter for nothing.
     *
     * @param most that are wanted, at least {@link #TILE_ROWS}
     */
    int rowsFor(int left, int most) {
        int fitting = 0;
        for (int i = 0; i < rows.size() && rows.get(i) <= most; i++) {
            int size = rows.get(i);
            if (size >= left) {
                boolean little = size <= EFFICIENT_ROWS && 4 * left > 3 * size;
                return fitting == 0 || little || size == left ? size : fitting;
            }
            fitting = size;
        }
        return fitting;
    }

    /** Most panels of a tile when so many are left and no more than {@code most} are wanted. */
    int panelsFor(int left, int most) {
        int fitting = 1;
        for (int i = 0; i < panels.size(); i++) {
            if (panels.get(i) <= Math.min(left, most)) {
                fitting = panels.get(i);
            }
        }
        return fitting;
    }
}
