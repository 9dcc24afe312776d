package dev.troupe.model.kernel.onednn;

import dev.troupe.model.kernel.quantized.PackedWeight;
import dev.troupe.model.kernel.quantized.PanelReader;
import dev.troupe.model.kernel.vector.ScratchPool;

/**
 * Columns of a stored weight, unpacked in the cache as float32 and from there rounded to bf16.
 *
 * @param first column, a multiple of {@link Bf16Panels#COLUMNS}
 * @param depth k, rounded up
 */
record StoredPanels(PackedWeight weight, int first, int columns, int depth, long to) implements OneDnnGemm.Panels {
    /** Inputs that are unpacked at once. */
    private static final int PART = 256;

    private static final long ROW = Bf16Panels.COLUMNS * (long) Float.BYTES;

    @Override
    public int pieces() {
        return Bf16Panels.count(columns);
    }

    @Override
    public void layOut(int panel, ScratchPool scratch) {
        int from = panel * Bf16Panels.COLUMNS;
        int count = Math.min(Bf16Panels.COLUMNS, columns - from);
        long target = to + panel * Bf16Panels.panelBytes(depth);
        try (ScratchPool.Scratch memory = scratch.borrow(PART * ROW + PanelReader.TABLE_BYTES)) {
            long table = memory.address() + PART * ROW;
            for (int p = 0; p < depth; p += PART) {
                int real = Math.clamp(weight.k() - p, 0, PART);
                PanelReader.read(weight, first + from, count, p, real, table, memory.address(), ROW);
                int padded = Math.min(PART, depth - p);
                Bf16Panels.panel(count, real, padded, memory.address(), ROW, target + Bf16Panels.panelBytes(p));
            }
        }
    }
}
