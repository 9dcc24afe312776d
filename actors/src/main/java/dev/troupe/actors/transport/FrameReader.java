package dev.troupe.actors.transport;

import dev.troupe.model.kernel.vector.Rows;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ScatteringByteChannel;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Reads frames straight to where the tensor lies, or into a piece of memory from where they are added. The header of
 * the frame after is read along with a payload, so that a frame costs one call of the system when it is there already.
 * Beyond that header nothing is read before somebody wants it: what a receiver leaves stays in the socket, and the
 * sender waits.
 */
final class FrameReader {
    private final ScatteringByteChannel channel;
    private final Peer peer;
    private final FrameHeader header;
    private final MemorySegment piece; // [MAX_PAYLOAD]
    private final CRC32C crc = new CRC32C();
    private final ByteBuffer[] parts = new ByteBuffer[2];
    private @Nullable ByteBuffer payload;
    private int checksum; // that the payload should have
    private long sequence;

    FrameReader(ScatteringByteChannel channel, Peer peer, ByteBuffer headerMemory, MemorySegment piece) {
        this.channel = channel;
        this.peer = peer;
        this.piece = piece;
        header = new FrameHeader(headerMemory);
    }

    /**
     * Reads some of a transfer; false when the socket has nothing now.
     *
     * @throws EOFException when the peer has closed
     * @throws DamagedFrameException when what came is not what is due
     */
    boolean advance(PendingTransfer receive) throws IOException {
        long read = 0;
        ByteBuffer target = payload;
        if (target == null) {
            if (header.buffer().hasRemaining()) {
                read = count(channel.read(header.buffer()));
                if (header.buffer().hasRemaining()) {
                    return read > 0;
                }
            }
            target = begin(receive);
        }
        int from = target.position();
        if (target.hasRemaining()) {
            parts[0] = target;
            parts[1] = header.buffer();
            read += count(channel.read(parts));
        }
        crc.update(target.duplicate().limit(target.position()).position(from));
        if (!target.hasRemaining()) {
            end(receive, target.capacity());
            return true;
        }
        return read > 0;
    }

    private static long count(long read) throws EOFException {
        if (read < 0) {
            throw new EOFException("the connection was closed");
        }
        return read;
    }

    private ByteBuffer begin(PendingTransfer receive) throws DamagedFrameException {
        String wrong = header.wrong(peer, receive.operation(), sequence, receive.left(), receive.bytes());
        if (wrong != null) {
            throw new DamagedFrameException(wrong);
        }
        checksum = header.checksum();
        header.buffer().clear();
        int bytes = FrameHeader.payload(receive.left());
        ByteBuffer target = receive.adds() ? piece.asSlice(0, bytes).asByteBuffer() : receive.slice(bytes);
        payload = target;
        crc.reset();
        return target;
    }

    private void end(PendingTransfer receive, int bytes) throws DamagedFrameException {
        if ((int) crc.getValue() != checksum) {
            throw new DamagedFrameException(FrameHeader.damaged(peer, sequence, "its checksum is wrong"));
        }
        if (receive.adds()) {
            long target = receive.memory().address() + receive.moved();
            Rows.add(bytes / Float.BYTES, target, piece.address(), target);
        }
        payload = null;
        sequence++;
        receive.move(bytes);
        if (receive.left() == 0) {
            receive.finish();
        }
    }

    /** What came is not what was sent, or not what this rank expects. */
    static final class DamagedFrameException extends IOException {
        private static final long serialVersionUID = 1L;

        DamagedFrameException(String message) {
            super(message);
        }
    }
}
