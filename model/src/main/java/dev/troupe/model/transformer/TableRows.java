package dev.troupe.model.transformer;

import dev.troupe.model.kernel.quantized.Dequantization;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * Rows of a table, read one at a time, by one thread, in an order that nobody knows. Of a file the system maps up to 64
 * KiB around a row that is read, and leaves it mapped: so after some rows all of the table would be in memory. Its
 * pages are given back each {@link #KEPT} reads.
 */
final class TableRows {
    /**
     * At most 1 MiB, or several where the system keeps files in larger pieces; a row then costs one soft page fault, a
     * microsecond of a token's milliseconds.
     */
    static final int KEPT = 16;

    private final StoredTensor table;
    private final Runnable forget;
    private final Dequantization numbers; // arrays of a row, each token of a prompt wants them
    private int reads;

    private TableRows(StoredTensor table, Runnable forget) {
        this.table = table;
        this.forget = forget;
        this.numbers = new Dequantization(table.type(), table.columns());
    }

    /** Of memory of this process. */
    static TableRows of(StoredTensor table) {
        return new TableRows(table, () -> {});
    }

    /** Of a file. */
    static TableRows of(LastingTensor table) {
        return new TableRows(table.tensor(), table::forget);
    }

    int columns() {
        return table.columns();
    }

    /**
     * Writes what a row stands for: {@link #columns} float32 numbers.
     *
     * @throws IndexOutOfBoundsException when there is no such row
     */
    void read(int row, MemorySegment to) {
        numbers.read(table.columns(), table.row(Objects.checkIndex(row, table.rows())), to);
        if (++reads == KEPT) {
            reads = 0;
            forget.run();
        }
    }
}
