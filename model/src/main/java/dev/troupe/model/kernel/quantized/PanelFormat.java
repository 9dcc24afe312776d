package dev.troupe.model.kernel.quantized;

import dev.troupe.model.kernel.vector.Lanes;
import dev.troupe.model.tensor.StorageType;
import java.lang.foreign.MemorySegment;

/**
 * How weights of one type lie in memory for vectors: panels of {@link #COLUMNS} outputs one after the other, in each
 * the inputs in order, so that a lane is an output and a thread reads one long stream. What scales a run of inputs lies
 * before it. The last panel is filled up with zeros.
 *
 * <p>Kernels work on a pair of vectors of a panel, that is on {@link #PAIR} columns, from column {@code column} on: the
 * whole panel where vectors have sixteen lanes. All addresses are of bytes.
 */
interface PanelFormat {
    /** Outputs of a panel. */
    int COLUMNS = 32;

    /** Columns that a kernel takes at once. */
    int PAIR = 2 * Lanes.LANES;

    /** Bytes of the sums of a panel. */
    long SUMS = COLUMNS * (long) Float.BYTES;

    /** Most inputs whose scales fit the table: one block of the types with large blocks. */
    int PIECE = BlockLayout.LARGE;

    /** Bytes of {@link #scales}' table for one panel and a {@link #PIECE}. */
    long TABLE_BYTES = 2L * (PIECE / BlockLayout.Q6_K_GROUP) * COLUMNS * Float.BYTES;

    /** Bytes of {@code k} inputs of a panel. */
    long bytes(int k);

    /**
     * Lays out one panel.
     *
     * @param rows of the panel's first output; each {@code type.bytes(k)} bytes, native
     * @param columns that the panel really has; the others stay as they are, zero
     */
    void pack(int columns, int k, MemorySegment rows, MemorySegment panel);

    /** Whether these numbers can be laid out so; given as to {@link #pack}. */
    default boolean holds(int columns, int k, MemorySegment rows) {
        return true;
    }

    /** Writes what scales {@code depth} inputs, at most a {@link #PIECE}, as float32, for {@link #unpack}. */
    void scales(int depth, long panel, long table);

    /** Writes {@code depth} inputs of a pair as float32, {@code step} bytes apart. */
    void unpack(int depth, long panel, long table, int column, long to, long step);

    /** Panels that {@link #multiply} goes through at once, at most. */
    default int most() {
        return 1;
    }

    /**
     * Sums of one row of A and {@code depth} inputs of a pair in each of some panels, each a chain from zero, to
     * {@code c}; those of one panel lie {@link #SUMS} after those of the one before. Memory is read in order: scales
     * where they lie, before the numbers, because reading them ahead disturbs the processor's own reading ahead. Two
     * chains of multiply-adds are enough to keep up with memory.
     *
     * <p>A loop that does little ends at an address, {@code at != end}: C2 unrolls one with a counter, moves all of its
     * loads to the front, the last ones first, and stores what has no register. That took a third of the bandwidth.
     *
     * @param panels at most {@link #most}
     * @param distance from one panel to the next
     * @param table working memory
     */
    void multiply(int panels, int depth, long a, long panel, long distance, long table, int column, long c);

    /** What {@link #multiply} wants the numbers of A to be multiplied with before: a power of two, not less than 1. */
    default float rowFactor() {
        return 1;
    }

    /** Rows that {@link #multiplyRows} takes at once, at most; 1 where it takes none. */
    default int mostRows() {
        return 1;
    }

    /**
     * Sums of some rows of A and {@code depth} inputs of a panel, as {@link #multiply} has them of one, without its
     * factor; to {@code c}, two {@link #SUMS} from row to row.
     *
     * @param rows 2 to {@link #mostRows}
     * @param rowA from row to row
     */
    default void multiplyRows(int rows, int depth, long a, long rowA, long panel, long c) {
        throw new UnsupportedOperationException("several rows are multiplied with unpacked numbers");
    }

    /** The fastest that runs here. */
    static PanelFormat of(StorageType type) {
        return PanelFormats.fastest(type);
    }
}
