package dev.troupe.model.transformer;

import dev.troupe.model.kernel.quantized.Dequantization;
import dev.troupe.model.tensor.StorageType;
import java.lang.foreign.MemorySegment;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/**
 * A matrix, or a vector as one row, as a file stores it.
 *
 * @param name for messages
 * @param bytes {@code rows} rows of {@code columns} numbers each, one after the other; may be a mapped file
 * @param place where in {@code bytes} each row lies
 */
public record StoredTensor(
        String name, StorageType type, int rows, int columns, MemorySegment bytes, IntUnaryOperator place) {
    public StoredTensor {
        if (bytes.byteSize() != rows * type.bytes(columns)) {
            throw new IllegalArgumentException(
                    name + " of " + rows + " x " + columns + " in " + type + " has " + bytes.byteSize() + " bytes");
        }
    }

    /** Rows that lie in their order. */
    public StoredTensor(String name, StorageType type, int rows, int columns, MemorySegment bytes) {
        this(name, type, rows, columns, bytes, IntUnaryOperator.identity());
    }

    /**
     * Rows [from, to), which lie together, in whatever order.
     *
     * @throws IndexOutOfBoundsException when they are read and do not lie together
     */
    StoredTensor rows(int from, int to) {
        return from == 0 && to == rows
                ? this
                : new StoredTensor(
                        name,
                        type,
                        to - from,
                        columns,
                        bytes.asSlice(from * rowBytes(), (to - from) * rowBytes()),
                        row -> place.applyAsInt(from + row) - from);
    }

    /** Bytes of a row. */
    public long rowBytes() {
        return type.bytes(columns);
    }

    /** The bytes of row {@code i}. */
    public MemorySegment row(int i) {
        return lying(i, 1);
    }

    /** The bytes of {@code count} rows from row {@code i} on, of which as many lie {@link #together}. */
    MemorySegment lying(int i, int count) {
        return bytes.asSlice(place.applyAsInt(i) * rowBytes(), count * rowBytes());
    }

    /** How many rows from {@code from} on lie one after the other, of those before {@code to}. */
    int together(int from, int to) {
        int first = place.applyAsInt(from);
        int row = from + 1;
        while (row < to && place.applyAsInt(row) == first + row - from) {
            row++;
        }
        return row - from;
    }

    /** Writes what row {@code i} stands for: {@code columns} float32 numbers. */
    public void readRow(int i, MemorySegment to) {
        Dequantization.read(type, columns, row(i), to);
    }

    /** Writes what all rows stand for: [rows, columns] float32. */
    public void read(MemorySegment to) {
        long floats = columns * 4L;
        IntStream.range(0, rows).parallel().forEach(i -> readRow(i, to.asSlice(i * floats, floats)));
    }
}
