package dev.troupe.model.format;

import dev.troupe.model.TroupeException;
import dev.troupe.model.kernel.quantized.Quantization;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tensor.stream.TensorContent;
import dev.troupe.model.tensor.stream.TensorSink;
import dev.troupe.model.transformer.StoredTensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Function;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/**
 * The rows of a stored tensor in another type and order, some megabytes at a time.
 *
 * @param source gives the tensor; its scratch memory is freed when it has been written
 * @param type to write
 * @param order the row in memory that each row of the file holds
 */
record RowsContent(Function<TensorArena, StoredTensor> source, StorageType type, IntUnaryOperator order)
        implements TensorContent {
    private static final long PIECE_BYTES = 8 << 20;

    @Override
    public void writeTo(TensorSink sink) throws IOException {
        try (TensorArena scratch = TensorArena.open("format.scratch")) {
            StoredTensor from = source.apply(scratch);
            long bytes = type.bytes(from.columns());
            int rowsAtOnce = Math.clamp(PIECE_BYTES / Math.max(1, bytes), 1, Math.max(1, from.rows()));
            MemorySegment piece = scratch.allocateBytes(rowsAtOnce * bytes);
            for (int first = 0; first < from.rows(); first += rowsAtOnce) {
                int start = first;
                int count = Math.min(rowsAtOnce, from.rows() - first);
                IntStream.range(0, count)
                        .parallel()
                        .forEach(i -> row(from, order.applyAsInt(start + i), piece.asSlice(i * bytes, bytes)));
                sink.write(piece.asSlice(0, count * bytes));
            }
        }
    }

    private void row(StoredTensor from, int row, MemorySegment to) {
        if (from.type() == type) {
            to.copyFrom(from.row(row));
            return;
        }
        float[] numbers = new float[from.columns()];
        MemorySegment floats = MemorySegment.ofArray(numbers);
        from.readRow(row, floats);
        for (float number : numbers) {
            if (!Float.isFinite(number)) {
                throw new TroupeException(from.name() + " holds " + number + " in row " + row + ", which " + type
                        + " cannot: the file is damaged or the training diverged");
            }
        }
        if (type == StorageType.F32) {
            MemorySegment.copy(numbers, 0, to, ValueLayout.JAVA_FLOAT_UNALIGNED, 0, numbers.length);
        } else {
            Quantization.write(type, numbers.length, floats, to);
        }
    }
}
