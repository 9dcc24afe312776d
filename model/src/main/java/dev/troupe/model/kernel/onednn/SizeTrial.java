package dev.troupe.model.kernel.onednn;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;

/** Compares the bits of tiles of different sizes on this processor. */
final class SizeTrial implements AutoCloseable {
    private static final long SEED = 20261125;
    private static final long CACHE_LINE = 64;

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment a;
    private final MemorySegment b;
    private final MemorySegment expected;
    private final MemorySegment got;

    /** Memory for tiles of up to so many panels and so long sums. */
    SizeTrial(int mostPanels, int mostDepth) {
        int columns = mostPanels * Bf16Panels.COLUMNS;
        SplittableRandom random = new SplittableRandom(SEED);
        a = numbers(random, TileSizes.MOST_ROWS * Bf16Panels.rowBytes(mostDepth));
        b = numbers(random, columns * 2L * mostDepth);
        expected = arena.allocate((long) TileSizes.MOST_ROWS * columns * Float.BYTES, CACHE_LINE);
        got = arena.allocate(expected.byteSize(), CACHE_LINE);
    }

    /** Bf16 of both signs, whose exponents differ, so that another order of sums shows. */
    private MemorySegment numbers(SplittableRandom random, long bytes) {
        MemorySegment numbers = arena.allocate(bytes, CACHE_LINE);
        for (long i = 0; i + 8 <= bytes; i += 8) {
            long bits = random.nextLong() & 0x83FF83FF83FF83FFL; // sign, three bits of exponent, fraction
            numbers.set(ValueLayout.JAVA_LONG, i, bits + 0x3D803D803D803D80L);
        }
        return numbers;
    }

    /** Whether a tile of this size gives the bits of tiles of {@link TileSizes#TILE_ROWS} rows and one panel. */
    boolean agrees(int rows, int panels, int depth) {
        int columns = panels * Bf16Panels.COLUMNS;
        try (TileProduct product = new TileProduct(TileType.BF16, new TileShape(rows, panels, depth, columns));
                TileProduct reference =
                        new TileProduct(TileType.BF16, new TileShape(TileSizes.TILE_ROWS, 1, depth, columns))) {
            for (int row = 0; row < rows; row += TileSizes.TILE_ROWS) {
                for (int panel = 0; panel < panels; panel++) {
                    long corner = ((long) row * columns + (long) panel * Bf16Panels.COLUMNS) * Float.BYTES;
                    reference.run(
                            a.address() + row * Bf16Panels.rowBytes(depth),
                            b.address() + panel * Bf16Panels.panelBytes(depth),
                            expected.address() + corner);
                }
            }
            product.run(a.address(), b.address(), got.address());
            long bytes = (long) rows * columns * Float.BYTES;
            return got.asSlice(0, bytes).mismatch(expected.asSlice(0, bytes)) < 0;
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
