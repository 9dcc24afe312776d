package dev.troupe.model.transformer;

import dev.troupe.model.kernel.quantized.Quantization;
import dev.troupe.model.kernel.quantized.WeightRows;
import dev.troupe.model.tensor.StorageType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Rows of stored matrices, one above the other, as they are where they are of the type, else rounded to it: row by row,
 * so that a model that is rounded is never in memory as float32.
 *
 * @param parts matrices with {@code k} columns
 */
record StoredRows(StorageType type, List<StoredTensor> parts) implements WeightRows {
    /** Rows that are written by one task. */
    private static final int PIECE = 64;

    StoredRows {
        parts = List.copyOf(parts);
    }

    @Override
    public int n() {
        return parts.stream().mapToInt(StoredTensor::rows).sum();
    }

    @Override
    public int k() {
        return parts.getFirst().columns();
    }

    @Override
    public MemorySegment read(int first, int count, SegmentAllocator room) {
        return whereTheyLie(first, count)
                .orElseGet(() -> copy(first, count, room.allocate(count * rowBytes(), Long.BYTES)));
    }

    private Optional<MemorySegment> whereTheyLie(int first, int count) {
        int start = 0; // of the part
        for (StoredTensor part : parts) {
            int row = first - start;
            if (row >= 0 && row + count <= part.rows()) {
                return part.type() == type && part.bytes().isNative() && part.together(row, row + count) == count
                        ? Optional.of(part.lying(row, count))
                        : Optional.empty();
            }
            start += part.rows();
        }
        return Optional.empty();
    }

    private MemorySegment copy(int first, int count, MemorySegment to) {
        long bytes = rowBytes();
        int start = 0; // of the part
        int done = 0;
        for (StoredTensor part : parts) {
            int end = Math.min(start + part.rows(), first + count);
            while (first + done < end) {
                int row = first + done - start;
                int together = part.type() == type ? part.together(row, end - start) : 1;
                write(part, row, together, to.asSlice(done * bytes, together * bytes));
                done += together;
            }
            start += part.rows();
        }
        return to;
    }

    private void write(StoredTensor part, int row, int count, MemorySegment to) {
        if (part.type() == type) {
            to.copyFrom(part.lying(row, count));
        } else {
            MemorySegment floats = MemorySegment.ofArray(new float[part.columns()]);
            part.readRow(row, floats);
            Quantization.write(type, part.columns(), floats, to);
        }
    }

    /** Writes all rows. */
    void writeTo(MemorySegment to) {
        long bytes = rowBytes();
        int n = n();
        IntStream.range(0, Math.ceilDiv(n, PIECE)).parallel().forEach(piece -> {
            int first = piece * PIECE;
            int count = Math.min(PIECE, n - first);
            copy(first, count, to.asSlice(first * bytes, count * bytes));
        });
    }
}
