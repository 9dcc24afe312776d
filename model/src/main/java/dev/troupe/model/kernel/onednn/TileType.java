package dev.troupe.model.kernel.onednn;

import dev.troupe.model.kernel.int8.Int8Weight;

/** What the numbers of a tile's operands and result are, in oneDNN's numbering, and how they lie. */
enum TileType {
    /** Bf16 in {@link Bf16Panels}; sums in float32. */
    BF16(Dnnl.BF16, Dnnl.BF16, Dnnl.F32, Dnnl.PANELS),

    /** Bytes without and with a sign, B as {@link Int8Weight}; sums in int32. */
    INT8(Dnnl.U8, Dnnl.S8, Dnnl.S32, Dnnl.QUAD_PANELS);

    /** Rows of bytes that are so far apart crowd into few sets of the cache. */
    private static final int CROWDED = 512;

    private final int a;
    private final int b;
    private final int c;
    private final int panels;

    TileType(int a, int b, int c, int panels) {
        this.a = a;
        this.b = b;
        this.c = c;
        this.panels = panels;
    }

    int a() {
        return a;
    }

    int b() {
        return b;
    }

    int c() {
        return c;
    }

    /** The layout of B. */
    int panels() {
        return panels;
    }

    /** Distance between the rows of A in elements. */
    int rowStride(int depth) {
        return switch (this) {
            case BF16 -> Bf16Panels.rowStride(depth);
            case INT8 -> depth % CROWDED == 0 ? depth + Int8Weight.COLUMNS : depth;
        };
    }
}
