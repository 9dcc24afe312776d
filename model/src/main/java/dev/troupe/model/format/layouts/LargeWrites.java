package dev.troupe.model.format.layouts;

import dev.troupe.model.tensor.stream.WholeWrites;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/**
 * Passes bytes on in large pieces, each of which begins at a multiple of its size. File systems with large folios
 * (Linux: ext4, XFS) keep in memory together what was written together, and only what is kept in whole huge pages can
 * be mapped so: reads of weights then have the bandwidth that they have of huge pages of the process's own.
 */
final class LargeWrites implements WritableByteChannel {
    private static final int PIECE = 8 << 20;

    private final WritableByteChannel out;
    private final ByteBuffer piece = ByteBuffer.allocateDirect(PIECE);

    /** @param out at the beginning of its file; stays open */
    LargeWrites(WritableByteChannel out) {
        this.out = out;
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        int count = source.remaining();
        while (source.hasRemaining()) {
            int some = Math.min(source.remaining(), piece.remaining());
            piece.put(piece.position(), source, source.position(), some);
            piece.position(piece.position() + some);
            source.position(source.position() + some);
            if (!piece.hasRemaining()) {
                passOn();
            }
        }
        return count;
    }

    private void passOn() throws IOException {
        piece.flip();
        WholeWrites.write(out, piece);
        piece.clear();
    }

    @Override
    public boolean isOpen() {
        return out.isOpen();
    }

    /** Passes on what is left. */
    @Override
    public void close() throws IOException {
        passOn();
    }
}
