package dev.troupe.model.kernel.onednn;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The sizes of tiles that a product is cut into, of which each gives an element the same bits. oneDNN promises no order
 * of sums, but chooses one by processor and shape; so the sizes are tried on this processor, and those that differ from
 * the largest are not used: fewer rows are then multiplied as a tile of more, the surplus for nothing.
 *
 * @param rows ascending, of which the last is always there
 * @param panels ascending, from 1
 */
record TileSizes(List<Integer> rows, List<Integer> panels) {
    /** Rows of the largest tile: enough to use what is loaded of B often, few enough to share well. */
    static final int MOST_ROWS = 64;

    private static final List<Integer> ROWS = List.of(1, 2, 4, 8, 16, 32, MOST_ROWS);
    private static final List<Integer> PANELS = List.of(1, 2, 4, 8, 16);

    /** Lengths of sums that are tried: one block, odd numbers of blocks, and those of the widest layers. */
    private static final int[] DEPTHS = {32, 288, 1056, 5632};

    private static final long SEED = 20261125;

    TileSizes {
        rows = List.copyOf(rows);
        panels = List.copyOf(panels);
    }

    /** Those that agree on this processor. */
    static TileSizes tried() {
        List<Integer> panels = new ArrayList<>(PANELS);
        panels.removeIf(count -> count > 1 && !agrees(MOST_ROWS, List.of(count)));
        List<Integer> rows = new ArrayList<>(ROWS);
        rows.removeIf(count -> count < MOST_ROWS && !agrees(count, panels));
        return new TileSizes(rows, panels);
    }

    /**
     * The tile to take next when so many rows are left; it may have more, but wastes less than a quarter of it unless
     * it is the smallest.
     */
    int rowsFor(int left) {
        int fitting = 0;
        for (int i = 0; i < rows.size(); i++) {
            int size = rows.get(i);
            if (size >= left) {
                return fitting == 0 || 4 * left > 3 * size || size == left ? size : fitting;
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

    private static boolean agrees(int rows, List<Integer> panelCounts) {
        for (int depth : DEPTHS) {
            for (int panels : panelCounts) {
                if (!agrees(rows, panels, depth)) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Whether a tile of this size gives the bits of tiles of the most rows and one panel. */
    private static boolean agrees(int rows, int panels, int depth) {
        TileShape shape = new TileShape(rows, panels, depth, panels * Bf16Panels.COLUMNS);
        TileShape largest = new TileShape(MOST_ROWS, 1, depth, shape.columns());
        try (Arena arena = Arena.ofConfined();
                TileProduct product = new TileProduct(shape);
                TileProduct reference = new TileProduct(largest)) {
            SplittableRandom random = new SplittableRandom(SEED + depth);
            MemorySegment a = numbers(random, MOST_ROWS * depth, arena);
            MemorySegment b = numbers(random, depth * shape.columns(), arena);
            MemorySegment expected = arena.allocate((long) MOST_ROWS * shape.columns() * Float.BYTES, 64);
            MemorySegment got = arena.allocate((long) rows * shape.columns() * Float.BYTES, 64);
            for (int panel = 0; panel < panels; panel++) {
                reference.run(
                        a.address(),
                        b.address() + panel * Bf16Panels.panelBytes(depth),
                        expected.address() + (long) panel * Bf16Panels.COLUMNS * Float.BYTES);
            }
            product.run(a.address(), b.address(), got.address());
            return got.mismatch(expected.asSlice(0, got.byteSize())) < 0;
        }
    }

    /** Bf16 of all signs with exponents that differ, so that another order of sums shows. */
    private static MemorySegment numbers(SplittableRandom random, int count, Arena arena) {
        MemorySegment numbers = arena.allocate(count * 2L, 64);
        for (int i = 0; i < count; i++) {
            int bits = Float.floatToRawIntBits((float) random.nextGaussian());
            numbers.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (bits >>> 16));
        }
        return numbers;
    }
}
