package dev.troupe.model.kernel.quantized;

import dev.troupe.model.kernel.machine.MachineCode;
import dev.troupe.model.tensor.StorageType;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A format whose products with a single row and with a few rows are machine code ({@link RowLoop}); all else is the
 * format's own.
 *
 * @param inputs of a turn of the loops
 * @param panels loops of a single row for one panel, two and so on
 * @param rows loops of a panel for two rows, three and so on
 */
record WrittenPanels(PanelFormat format, int inputs, List<MachineCode> panels, List<MachineCode> rows)
        implements PanelFormat {
    /** What loops over bytes need beside what all machine code does. */
    static final String BYTES = "avx512vbmi";

    /** The format of a type, with loops where there are some and they run here. */
    static PanelFormat of(StorageType type, PanelFormat format) {
        boolean bytes =
                type != StorageType.Q8_0 || MachineCode.unavailable(BYTES).isEmpty();
        if (PAIR != COLUMNS || MachineCode.unavailable().isPresent() || !bytes) {
            return format;
        }
        return switch (type) {
            case Q8_0 -> of(format, List.of(new ByteRowLoop(1), new ByteRowLoop(2)), ByteRowsLoop::new);
            case Q4_0 -> of(format, List.of(new NibbleRowLoop(1), new NibbleRowLoop(2)), NibbleRowsLoop::new);
            case F16 -> of(format, List.of(new PairRowLoop(1, true)), rows -> new PairRowLoop(rows, true));
            case BF16 -> of(format, List.of(new PairRowLoop(1, false)), rows -> new PairRowLoop(rows, false));
            case F32, Q4_K, Q6_K -> format;
        };
    }

    private static PanelFormat of(PanelFormat format, List<RowLoop> panels, IntFunction<RowLoop> rows) {
        return new WrittenPanels(
                format,
                panels.getFirst().inputs(),
                install(panels.stream()),
                install(IntStream.rangeClosed(2, RowLoop.MOST_ROWS).mapToObj(rows)));
    }

    private static List<MachineCode> install(Stream<RowLoop> loops) {
        return loops.map(loop -> MachineCode.install(loop.write())).toList();
    }

    @Override
    public int most() {
        return panels.size();
    }

    @Override
    public void multiply(int count, int depth, long a, long panel, long distance, long table, int column, long c) {
        panels.get(count - 1).run(a, panel, depth / inputs, c, distance);
    }

    @Override
    public int mostRows() {
        return RowLoop.MOST_ROWS;
    }

    @Override
    public void multiplyRows(int count, int depth, long a, long rowA, long panel, long c) {
        rows.get(count - 2).run(a, panel, depth / inputs, c, rowA);
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
