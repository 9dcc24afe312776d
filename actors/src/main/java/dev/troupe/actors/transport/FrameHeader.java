package dev.troupe.actors.transport;

import dev.troupe.actors.collective.Operation;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What stands before every piece of a tensor on a socket, little-endian:
 *
 * <pre>
 *  0  int   magic
 *  4  int   operation (Operation.code)
 *  8  long  number of the frame in this direction of the link, from 0
 * 16  long  bytes of the transfer from this frame on
 * 24  int   bytes of this frame, after the header
 * 28  int   CRC32C of these
 * 32        zeros
 * 60  int   CRC32C of the header so far
 * </pre>
 *
 * A receiver knows all of it but the checksums in advance, and refuses whatever differs.
 */
final class FrameHeader {
    /** A cache line, so that payloads keep their alignment in the kernel's buffers, which copies faster. */
    static final int BYTES = 64;
    /** "TRPF" in memory. */
    static final int MAGIC = 0x46505254;
    /** Most bytes of a frame: smaller ones cost more calls, larger ones are checked when they have left the caches. */
    static final int MAX_PAYLOAD = 1 << 20;

    private static final int MAGIC_AT = 0;
    private static final int OPERATION_AT = 4;
    private static final int SEQUENCE_AT = 8;
    private static final int LEFT_AT = 16;
    private static final int LENGTH_AT = 24;
    private static final int CHECKSUM_AT = 28;
    private static final int HEADER_CHECKSUM_AT = BYTES - Integer.BYTES;

    private final ByteBuffer buffer;
    private final CRC32C crc = new CRC32C();

    FrameHeader(ByteBuffer memory) {
        buffer = memory.order(ByteOrder.LITTLE_ENDIAN);
    }

    /** The bytes, with the position up to which they have been read or written. */
    ByteBuffer buffer() {
        return buffer;
    }

    /** Bytes of the next frame of a transfer with so many left. */
    static int payload(long left) {
        return (int) Math.min(MAX_PAYLOAD, left);
    }

    /** Fills the header of a frame to be written. */
    void fill(Operation operation, long sequence, long left, int checksum) {
        buffer.clear();
        buffer.putInt(MAGIC_AT, MAGIC);
        buffer.putInt(OPERATION_AT, operation.code());
        buffer.putLong(SEQUENCE_AT, sequence);
        buffer.putLong(LEFT_AT, left);
        buffer.putInt(LENGTH_AT, payload(left));
        buffer.putInt(CHECKSUM_AT, checksum);
        buffer.putInt(HEADER_CHECKSUM_AT, ownChecksum());
        buffer.clear();
    }

    private int ownChecksum() {
        crc.reset();
        crc.update(buffer.duplicate().position(0).limit(HEADER_CHECKSUM_AT));
        return (int) crc.getValue();
    }

    /** The checksum of the payload that a header promises. */
    int checksum() {
        return buffer.getInt(CHECKSUM_AT);
    }

    /** Why a header that was read is not the one that is due; null when it is. */
    @Nullable String wrong(Peer peer, Operation operation, long sequence, long left, long bytes) {
        if (buffer.getInt(MAGIC_AT) != MAGIC || buffer.getInt(HEADER_CHECKSUM_AT) != ownChecksum()) {
            return damaged(peer, sequence, "its header's checksum is wrong");
        }
        if (buffer.getLong(SEQUENCE_AT) != sequence) {
            return damaged(peer, sequence, "it has the number " + buffer.getLong(SEQUENCE_AT));
        }
        long sent = buffer.getLong(LEFT_AT);
        if (buffer.getInt(OPERATION_AT) != operation.code() || sent != left) {
            return Mismatch.describe(peer, buffer.getInt(OPERATION_AT), bytes - left + sent, operation, bytes);
        }
        if (buffer.getInt(LENGTH_AT) != payload(left)) {
            return damaged(peer, sequence, "it has " + buffer.getInt(LENGTH_AT) + " bytes, not " + payload(left));
        }
        return null;
    }

    static String damaged(Peer peer, long sequence, String how) {
        return peer + " sent a damaged frame: of number " + sequence + ", " + how;
    }
}
