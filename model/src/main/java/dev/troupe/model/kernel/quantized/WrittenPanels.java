package dev.troupe.model.kernel.quantized;

import dev.troupe.model.kernel.machine.MachineCode;
import dev.troupe.model.tensor.StorageType;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A format whose product with a single row is machine code ({@link RowLoop}); all else is the format's own.
 *
 * @param inputs of a turn of the loops
 * @param loops for one panel, two and so on
 */
record WrittenPanels(PanelFormat format, int inputs, List<MachineCode> loops) implements PanelFormat {
    /** What the loops need beside what all machine code does. */
    private static final String BYTES = "avx512vbmi";

    /** The format of a type, with loops where there are some and they run here. */
    static PanelFormat of(StorageType type, PanelFormat format) {
        if (PAIR != COLUMNS || MachineCode.unavailable(BYTES).isPresent()) {
            return format;
        }
        return switch (type) {
            case Q8_0 -> of(format, List.of(new ByteRowLoop(1), new ByteRowLoop(2)));
            case Q4_0 -> of(format, List.of(new NibbleRowLoop(1), new NibbleRowLoop(2)));
            case F16 -> of(format, List.of(new PairRowLoop(1, true)));
            case BF16 -> of(format, List.of(new PairRowLoop(1, false)));
            case F32, Q4_K, Q6_K -> format;
        };
    }

    private static PanelFormat of(PanelFormat format, List<RowLoop> loops) {
        int inputs = loops.getFirst().inputs();
        return new WrittenPanels(
                format,
                inputs,
                loops.stream().map(loop -> MachineCode.install(loop.write())).toList());
    }

    @Override
    public int most() {
        return loops.size();
    }

    @Override
    public void multiply(int panels, int depth, long a, long panel, long distance, long table, int column, long c) {
        loops.get(panels - 1).run(a, panel, depth / inputs, c, distance);
    }

    @Override
    public long bytes(int k) {
        return format.bytes(k);
    }

    @Override
    public void pack(int columns, int k, MemorySegment rows, MemorySegment panel) {
        format.pack(columns, k, rows, panel);
    }

    @Override
    public boolean holds(int columns, int k, MemorySegment rows) {
        return format.holds(columns, k, rows);
    }

    @Override
    public void scales(int depth, long panel, long table) {
        format.scales(depth, panel, table);
    }

    @Override
    public void unpack(int depth, long panel, long table, int column, long to, long step) {
        format.unpack(depth, panel, table, column, to, step);
    }

    @Override
    public float rowFactor() {
        return format.rowFactor();
    }
}
