package dev.troupe.model.kernel.attention;

import dev.troupe.model.kernel.vector.Transposition;

/** Keys and values of one head of one whole sequence, from its fused rows. */
final class FusedSpans implements KeySpans.Source {
    private final int dim;
    private final long row; // bytes of a fused row
    private final long keys;
    private final long values;

    /** @param qkv the sequence's first row */
    FusedSpans(AttentionShape shape, int kvHead, long qkv) {
        this.dim = shape.headDim();
        this.row = shape.fusedWidth() * 4L;
        this.keys = qkv + (shape.queryWidth() + (long) kvHead * dim) * 4;
        this.values = keys + shape.kvWidth() * 4L;
    }

    @Override
    public void load(int span, int from, int to, long toKeys, long toValues) {
        long first = (long) span * KeySpans.SPAN + from;
        Transposition.columns(to - from, dim, keys + first * row, row, toKeys + from * 4L, KeySpans.SCORE_ROW);
        PaddedRows.pad(to - from, dim, values + first * row, row, toValues + (long) from * PaddedRows.width(dim) * 4);
    }
}
