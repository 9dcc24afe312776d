package dev.troupe.model.kernel.onednn;

import dev.troupe.model.kernel.linear.Operand;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.lang.foreign.MemorySegment;

/**
 * Activations or gradients in bf16, in rows of A ({@link Bf16Panels}). What is written are the numbers of its columns;
 * those up to the depth stay zero.
 */
final class Bf16Operand implements Operand {
    private final int maxRows;
    private final int columns;
    private final MemorySegment memory;

    private Bf16Operand(int maxRows, int columns, MemorySegment memory) {
        this.maxRows = maxRows;
        this.columns = columns;
        this.memory = memory;
    }

    static Bf16Operand allocate(int maxRows, int columns, TensorArena arena) {
        // A tile of few rows may be multiplied as one of more.
        int rows = maxRows == 0 ? 0 : maxRows + TileSizes.TILE_ROWS;
        long bytes = rows * Bf16Panels.rowBytes(Bf16Panels.depth(columns));
        return new Bf16Operand(maxRows, columns, arena.allocateBytes(bytes));
    }

    /** An operand that has room for so many rows of so many columns. */
    static Bf16Operand of(Operand operand, String name, int rows, int columns) {
        if (!(operand instanceof Bf16Operand mine)) {
            throw new IllegalArgumentException(name + " is an operand of another provider: " + operand.getClass());
        }
        if (rows < 0 || rows > mine.maxRows || columns != mine.columns) {
            throw new IllegalArgumentException(name + " is an operand of up to " + mine.maxRows + " x " + mine.columns
                    + ", the kernel reads or writes " + rows + " x " + columns);
        }
        if (!mine.memory.scope().isAlive()) {
            throw new IllegalStateException(name + " belongs to an arena that is closed");
        }
        return mine;
    }

    @Override
    public int columns() {
        return columns;
    }

    @Override
    public Tensor target(Tensor staging) {
        return staging;
    }

    long address() {
        return memory.address();
    }

    /** Address of a number. */
    long at(long row, long column) {
        return memory.address() + row * stride() + column * Short.BYTES;
    }

    /** Bytes from row to row. */
    long stride() {
        return Bf16Panels.rowBytes(depth());
    }

    /** Columns, rounded up as sums over them are. */
    int depth() {
        return Bf16Panels.depth(columns);
    }
}
