package dev.troupe.model.kernel.onednn;

import dev.troupe.model.kernel.vector.ScratchPool;

/**
 * A of float32 numbers, rounded as it is laid out.
 *
 * @param turned whether k lies along the stored columns: [k][m] instead of [m][k]
 * @param stride bytes from stored row to stored row
 */
record FloatRows(boolean turned, int k, long address, long stride) implements PieceSource {
    @Override
    public void layOut(int first, int count, boolean again, long to, ScratchPool scratch) {
        int depth = Bf16Panels.depth(k);
        if (!turned) {
            Bf16Panels.rows(count, k, depth, address + first * stride, stride, to);
            return;
        }
        try (ScratchPool.Scratch between = scratch.borrow(Bf16Panels.turningBytes(depth))) {
            long from = address + first * (long) Float.BYTES;
            Bf16Panels.rowsOfColumns(count, k, depth, from, stride, between.address(), to);
        }
    }
}
