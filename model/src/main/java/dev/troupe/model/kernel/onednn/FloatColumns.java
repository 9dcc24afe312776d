package dev.troupe.model.kernel.onednn;

import dev.troupe.model.kernel.vector.ScratchPool;

/**
 * B of float32 numbers, rounded as it is laid out.
 *
 * @param straight whether columns lie along the stored rows: [k][n] instead of [n][k]
 * @param stride bytes from stored row to stored row
 */
record FloatColumns(boolean straight, int k, long address, long stride) implements PieceSource {
    @Override
    public void layOut(int first, int count, boolean again, long to, ScratchPool scratch) {
        int depth = Bf16Panels.depth(k);
        if (straight) {
            Bf16Panels.panel(count, k, depth, address + first * (long) Float.BYTES, stride, to);
            return;
        }
        try (ScratchPool.Scratch between = scratch.borrow(Bf16Panels.turningBytes(depth))) {
            Bf16Panels.panelOfColumns(count, k, depth, address + first * stride, stride, between.address(), to);
        }
    }
}
