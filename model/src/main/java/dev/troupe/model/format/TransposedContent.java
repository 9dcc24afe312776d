package dev.troupe.model.format;

import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tensor.stream.TensorContent;
import dev.troupe.model.tensor.stream.TensorSink;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A matrix of a plain type written as [in, out].
 *
 * @param shape in memory, [out, in]
 */
record TransposedContent(RowsContent rows, List<Integer> shape) implements TensorContent {
    @Override
    public void writeTo(TensorSink sink) throws IOException {
        int element = rows.type().blockBytes();
        int n = shape.getFirst();
        int k = shape.getLast();
        try (TensorArena scratch = TensorArena.open("format.scratch")) {
            MemorySegment all = scratch.allocateBytes((long) n * k * element);
            long[] at = {0};
            rows.writeTo(bytes -> {
                MemorySegment.copy(bytes, 0, all, at[0], bytes.byteSize());
                at[0] += bytes.byteSize();
            });
            sink.write(Transposition.transposed(all, n, k, element, scratch));
        }
    }
}
