package dev.troupe.model.kernel.onednn;

import dev.troupe.model.kernel.quantized.PackedWeight;
import dev.troupe.model.kernel.quantized.PanelReader;
import dev.troupe.model.kernel.vector.ScratchPool;

/** B of a stored weight, unpacked in the cache as float32 and from there rounded to bf16. */
record StoredPanels(PackedWeight weight) implements PieceSource {
    /** Inputs that are unpacked at once. */
    private static final int PART = 256;

    private static final long ROW = Bf16Panels.COLUMNS * (long) Float.BYTES;

    @Override
    public void layOut(int first, int count, boolean again, long to, ScratchPool scratch) {
        int depth = Bf16Panels.depth(weight.k());
        try (ScratchPool.Scratch memory = scratch.borrow(PART * ROW + PanelReader.TABLE_BYTES)) {
            long table = memory.address() + PART * ROW;
            for (int p = 0; p < depth; p += PART) {
                int real = Math.clamp(weight.k() - p, 0, PART);
                PanelReader.read(weight, first, count, p, real, table, memory.address(), ROW);
                int padded = Math.min(PART, depth - p);
                Bf16Panels.panel(count, real, padded, memory.address(), ROW, to + Bf16Panels.panelBytes(p));
            }
        }
    }
}
