package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.KernelArguments.requireCount;

import dev.troupe.model.tensor.StorageType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;

/**
 * The rows of a weight W [n, k], stored as in a GGUF file, wherever they lie: they are asked for some at a time while
 * the weight is laid out, so that they need not be brought together first. Thread-safe.
 */
public interface WeightRows {
    /** How the numbers of a row are stored. */
    StorageType type();

    /** Outputs: rows. */
    int n();

    /** Inputs: numbers of a row. */
    int k();

    /**
     * Rows {@code [first, first + count)}, one after the other: where they lie, or a copy.
     *
     * @param room gives the native memory of a copy, and is not asked where there is none: to ask it costs as much as
     *     to look at the rows
     * @return native memory, unchanged as long as what {@code room} gave is
     */
    MemorySegment read(int first, int count, SegmentAllocator room);

    /** Bytes of a row. */
    default long rowBytes() {
        return type().bytes(k());
    }

    /**
     * As {@link #read}, with a check.
     *
     * @throws IllegalArgumentException when a float16 of these rows is not finite
     */
    default MemorySegment readFinite(int first, int count, SegmentAllocator room) {
        MemorySegment rows = read(first, count, room);
        long wrong = BlockLayout.firstNotFinite(type(), rows.asSlice(0, count * rowBytes()));
        if (wrong >= 0) {
            throw new IllegalArgumentException("a weight in " + type() + " has a float16 that is not finite at byte "
                    + (first * rowBytes() + wrong));
        }
        return rows;
    }

    /**
     * Rows that lie one after the other.
     *
     * @param rows at least {@code n} rows; may be mapped
     * @throws IllegalArgumentException when k does not fill whole blocks or {@code rows} is too short
     */
    static WeightRows of(StorageType type, int n, int k, MemorySegment rows) {
        requireCount("n", n);
        requireCount("k", k);
        long bytes = n * type.bytes(k);
        if (rows.byteSize() < bytes) {
            throw new IllegalArgumentException("a weight of " + n + " x " + k + " in " + type + " has " + bytes
                    + " bytes, and " + rows.byteSize() + " were given");
        }
        return new Contiguous(type, n, k, rows);
    }

    /** The numbers of these rows as float32. */
    static WeightRows floats(WeightRows stored) {
        return new Floats(stored);
    }

    /** Rows that are unpacked as they are read. */
    record Floats(WeightRows stored) implements WeightRows {
        @Override
        public StorageType type() {
            return StorageType.F32;
        }

        @Override
        public int n() {
            return stored.n();
        }

        @Override
        public int k() {
            return stored.k();
        }

        @Override
        public MemorySegment read(int first, int count, SegmentAllocator room) {
            MemorySegment floats = room.allocate(count * rowBytes(), Float.BYTES);
            try (Arena arena = Arena.ofConfined()) {
                Dequantization.read(stored.type(), (long) count * k(), stored.readFinite(first, count, arena), floats);
            }
            return floats;
        }
    }

    /** Rows in one piece of memory. */
    record Contiguous(StorageType type, int n, int k, MemorySegment rows) implements WeightRows {
        @Override
        public MemorySegment read(int first, int count, SegmentAllocator room) {
            MemorySegment found = rows.asSlice(first * rowBytes(), count * rowBytes());
            return found.isNative()
                    ? found
                    : room.allocate(found.byteSize(), Long.BYTES).copyFrom(found);
        }
    }
}
