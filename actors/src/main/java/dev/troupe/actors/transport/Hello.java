package dev.troupe.actors.transport;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/**
 * The first thing on a connection, from who opened it, little-endian:
 *
 * <pre>
 *  0  int   magic
 *  4  int   version of this protocol
 *  8  int   bytes after this number
 * 12  int   what the connection is for: 0 tensors, 1 control
 * 16  int   rank that opened it
 * 20  int   rank that it wants
 * 24  int   ranks of the group
 * 28  int   milliseconds that it waits for an answer
 * 32  short length, then UTF-8: the group
 *     short length, then UTF-8: the node that opened it
 * </pre>
 *
 * The answer: int magic, int 0 (welcome) or 1 (refused), int length, then UTF-8 that says why.
 */
record Hello(Purpose purpose, int from, int to, int size, int patienceMillis, String group, String node) {
    /** "TRPH" in memory. */
    static final int MAGIC = 0x48505254;

    static final int VERSION = 1;

    private static final int PREFIX_BYTES = 3 * Integer.BYTES;
    private static final int NUMBERS_BYTES = 5 * Integer.BYTES;
    private static final int MAX_TEXT_BYTES = 512;
    private static final int MAX_BYTES = NUMBERS_BYTES + 2 * (Short.BYTES + MAX_TEXT_BYTES);
    private static final int MAX_ANSWER_BYTES = 4096;

    /** What a connection is for. */
    enum Purpose {
        TENSORS(0),
        CONTROL(1);

        private final int code;

        Purpose(int code) {
            this.code = code;
        }

        static Purpose of(int code) throws RefusedException {
            for (Purpose purpose : values()) {
                if (purpose.code == code) {
                    return purpose;
                }
            }
            throw new RefusedException("it wants a connection of an unknown kind, " + code);
        }
    }

    /** Somebody who does not speak this protocol, or not with us; the message says why. */
    static final class RefusedException extends IOException {
        private static final long serialVersionUID = 1L;

        RefusedException(String message) {
            super(message);
        }
    }

    /**
     * Checks a text that goes into a hello.
     *
     * @throws IllegalArgumentException when it is empty or too long
     */
    static void checkText(String what, String text) {
        if (text.isEmpty() || text.getBytes(StandardCharsets.UTF_8).length > MAX_TEXT_BYTES) {
            throw new IllegalArgumentException(
                    what + " must have 1 to " + MAX_TEXT_BYTES + " bytes in UTF-8: '" + text + "'");
        }
    }

    void write(SocketChannel channel) throws IOException {
        byte[] groupBytes = group.getBytes(StandardCharsets.UTF_8);
        byte[] nodeBytes = node.getBytes(StandardCharsets.UTF_8);
        int bytes = NUMBERS_BYTES + 2 * Short.BYTES + groupBytes.length + nodeBytes.length;
        ByteBuffer buffer = buffer(PREFIX_BYTES + bytes)
                .putInt(MAGIC)
                .putInt(VERSION)
                .putInt(bytes)
                .putInt(purpose.code)
                .putInt(from)
                .putInt(to)
                .putInt(size)
                .putInt(patienceMillis)
                .putShort((short) groupBytes.length)
                .put(groupBytes)
                .putShort((short) nodeBytes.length)
                .put(nodeBytes);
        Sockets.writeFully(channel, buffer.flip());
    }

    static Hello read(SocketChannel channel, long deadlineNanos) throws IOException {
        ByteBuffer prefix = Sockets.read(channel, buffer(PREFIX_BYTES), deadlineNanos);
        int magic = prefix.getInt();
        if (magic != MAGIC) {
            throw new RefusedException("it does not begin as Troupe's data plane does");
        }
        int version = prefix.getInt();
        if (version != VERSION) {
            throw new RefusedException("it speaks version " + version + " of the protocol, this node version " + VERSION
                    + ": run the same Troupe on all nodes");
        }
        int bytes = prefix.getInt();
        if (bytes < NUMBERS_BYTES + 2 * Short.BYTES || bytes > MAX_BYTES) {
            throw new RefusedException("its handshake has an impossible length of " + bytes);
        }
        ByteBuffer rest = Sockets.read(channel, buffer(bytes), deadlineNanos);
        return new Hello(
                Purpose.of(rest.getInt()),
                rest.getInt(),
                rest.getInt(),
                rest.getInt(),
                rest.getInt(),
                text(rest),
                text(rest));
    }

    private static String text(ByteBuffer buffer) throws IOException {
        int length = buffer.remaining() < Short.BYTES ? -1 : buffer.getShort();
        if (length < 0 || length > buffer.remaining()) {
            throw new RefusedException("its handshake has a text of impossible length");
        }
        byte[] bytes = new byte[length];
        buffer.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    static void welcome(SocketChannel channel) throws IOException {
        answer(channel, 0, "");
    }

    static void refuse(SocketChannel channel, String why) throws IOException {
        answer(channel, 1, why);
    }

    private static void answer(SocketChannel channel, int code, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int length = Math.min(bytes.length, MAX_ANSWER_BYTES);
        Sockets.writeFully(
                channel,
                buffer(PREFIX_BYTES + length)
                        .putInt(MAGIC)
                        .putInt(code)
                        .putInt(length)
                        .put(bytes, 0, length)
                        .flip());
    }

    /**
     * Waits until the other side agrees.
     *
     * @throws RefusedException when it does not
     */
    static void awaitWelcome(SocketChannel channel, long deadlineNanos) throws IOException {
        ByteBuffer prefix = Sockets.read(channel, buffer(PREFIX_BYTES), deadlineNanos);
        int magic = prefix.getInt();
        int code = prefix.getInt();
        int length = prefix.getInt();
        if (magic != MAGIC || length < 0 || length > MAX_ANSWER_BYTES) {
            throw new RefusedException("what listens there is not Troupe's data plane");
        }
        byte[] text = new byte[length];
        Sockets.read(channel, buffer(length), deadlineNanos).get(text);
        if (code != 0) {
            throw new RefusedException(new String(text, StandardCharsets.UTF_8));
        }
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
