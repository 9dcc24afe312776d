package dev.troupe.model.kernel.int8;

import dev.troupe.model.kernel.quantized.WeightRows;
import dev.troupe.model.tensor.LateLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;

/**
 * Panels of a {@link BlockWeight} that are filled once the model answers. A product that comes before lays a panel out
 * beside, from the same rows by the same code, and multiplies that: the same bits, as fast as rows are read.
 */
final class LatePanels implements LateLayout {
    private final WeightRows rows;
    private final MemorySegment data;
    private final long panelBytes;
    private final int whole; // panels with all of their outputs; a last one without is filled at once
    private volatile int filled; // so many from the first on

    /**
     * Panels of which none is filled.
     *
     * @param rows stay readable; their float16 are finite
     * @param data of all panels
     */
    LatePanels(WeightRows rows, MemorySegment data) {
        this.rows = rows;
        this.data = data;
        this.panelBytes = BlockWeight.panelBytes(rows.type(), rows.k());
        this.whole = rows.n() / BlockWeight.COLUMNS;
    }

    /** Whether a panel is in its place. */
    boolean isFilled(int panel) {
        return panel < filled || panel >= whole;
    }

    /** Whether all panels before {@code to} are. */
    boolean isFilledTo(int to) {
        return Math.min(to, whole) <= filled;
    }

    /** Bytes that {@link #lay} needs. */
    long roomBytes() {
        return panelBytes + rowBytes();
    }

    private long rowBytes() {
        return BlockWeight.COLUMNS * rows.rowBytes();
    }

    /** Lays a panel out at {@code room}. */
    void lay(int panel, long room) {
        MemorySegment read = MemorySegment.ofAddress(room + panelBytes).reinterpret(rowBytes());
        lay(panel, room, SegmentAllocator.prefixAllocator(read));
    }

    private void lay(int panel, long to, SegmentAllocator room) {
        MemorySegment found = rows.read(panel * BlockWeight.COLUMNS, BlockWeight.COLUMNS, room);
        BlockPacking.pack(rows.type(), rows.k(), found.address(), to);
    }

    @Override
    public int pieces() {
        return whole;
    }

    @Override
    public void fill(int piece) {
        try (Arena working = Arena.ofConfined()) {
            lay(piece, data.address() + piece * panelBytes, working);
        }
        filled = piece + 1;
    }
}
