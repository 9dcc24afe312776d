package dev.troupe.model.format;

import dev.troupe.model.tensor.TensorArena;
import java.lang.foreign.MemorySegment;

/** Matrices of plain elements turned over. */
final class Transposition {
    private static final int TILE = 32; // so that both sides stay in the cache

    private Transposition() {}

    /** [n, m] to [m, n], of {@code element} bytes each. */
    static MemorySegment transposed(MemorySegment from, int n, int m, int element, TensorArena arena) {
        MemorySegment to = arena.allocateBytes((long) n * m * element);
        for (int i0 = 0; i0 < n; i0 += TILE) {
            for (int j0 = 0; j0 < m; j0 += TILE) {
                for (int i = i0; i < Math.min(i0 + TILE, n); i++) {
                    for (int j = j0; j < Math.min(j0 + TILE, m); j++) {
                        MemorySegment.copy(
                                from, ((long) i * m + j) * element, to, ((long) j * n + i) * element, element);
                    }
                }
            }
        }
        return to.asSlice(0, (long) n * m * element);
    }
}
