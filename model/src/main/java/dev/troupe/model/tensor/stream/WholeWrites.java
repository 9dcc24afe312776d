package dev.troupe.model.tensor.stream;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/** Writes of whole buffers, of which a channel may take a part at a time. */
public final class WholeWrites {
    private WholeWrites() {}

    /** Writes what remains in {@code bytes}. */
    public static void write(WritableByteChannel out, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            out.write(bytes);
        }
    }
}
