package dev.troupe.model.tensor.stream;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/** Takes the pieces of a tensor's data. */
@FunctionalInterface
public interface TensorSink {
    void write(MemorySegment bytes) throws IOException;

    /**
     * Writes all of a tensor to {@code out}.
     *
     * @throws IllegalStateException when it has not {@code expected} bytes
     */
    static void write(WritableByteChannel out, String name, TensorContent content, long expected) throws IOException {
        final int chunk = 16 << 20;
        long[] written = {0};
        content.writeTo(bytes -> {
            written[0] += bytes.byteSize();
            for (long from = 0; from < bytes.byteSize(); from += chunk) {
                MemorySegment slice = bytes.asSlice(from, Math.min(chunk, bytes.byteSize() - from));
                // A buffer over an array of floats on the heap does not exist. Two calls, not one of a choice of new
                // buffers: of such a choice C2 of JDK 25 made code that found null, as in JDK-8385993.
                if (slice.isNative()) {
                    WholeWrites.write(out, slice.asByteBuffer());
                } else {
                    WholeWrites.write(out, ByteBuffer.wrap(slice.toArray(ValueLayout.JAVA_BYTE)));
                }
            }
        });
        if (written[0] != expected) {
            throw new IllegalStateException(name + " wrote " + written[0] + " bytes of " + expected);
        }
    }
}
