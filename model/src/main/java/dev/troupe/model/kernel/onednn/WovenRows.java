package dev.troupe.model.kernel.onednn;

import dev.troupe.model.kernel.vector.Rows;
import dev.troupe.model.kernel.vector.ScratchPool;

/** Operands of a weight gradient dyᵀ · x, whose sums run over rows of activations: those rows in pairs. */
final class WovenRows {
    private static final long SUM_BYTES = Bf16Panels.COLUMNS * (long) Float.BYTES;

    private WovenRows() {}

    /** B = x. */
    record Right(Bf16Operand x, int rows) implements PieceSource {
        @Override
        public void layOut(int first, int count, boolean again, long to, ScratchPool scratch) {
            Bf16Panels.weaveStored(rows, count, Bf16Panels.depth(rows), x.at(0, first), x.stride(), to);
        }
    }

    /**
     * A = dyᵀ; in passing, sums of dy over its rows are added to the gradient of the bias.
     *
     * @param db its address, or 0
     */
    record Left(Bf16Operand dy, int rows, long db) implements PieceSource {
        @Override
        public void layOut(int first, int count, boolean again, long to, ScratchPool scratch) {
            int depth = Bf16Panels.depth(rows);
            try (ScratchPool.Scratch memory = scratch.borrow(Bf16Panels.panelBytes(depth) + SUM_BYTES)) {
                long sums = memory.address();
                long woven = sums + SUM_BYTES;
                Bf16Panels.weaveStored(rows, count, depth, dy.at(0, first), dy.stride(), woven);
                Bf16Panels.turn(count, depth, woven, to);
                if (db != 0 && !again) {
                    Bf16Panels.sums(depth, woven, sums);
                    long row = db + first * (long) Float.BYTES;
                    Rows.add(count, row, sums, row);
                }
            }
        }
    }
}
