package dev.troupe.actors.transport;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A second connection beside that for tensors, over which two ranks learn how the other ends: at once, in the middle of
 * a frame, and while nobody reads tensors. A virtual thread reads it. There is one message at most in each direction,
 * little-endian: int kind (1 failed, 2 left), int length, UTF-8 that says why.
 */
final class ControlConnection implements PeerNotice {
    private static final Logger LOG = LoggerFactory.getLogger(ControlConnection.class);
    private static final int FAILED = 1;
    private static final int LEFT = 2;
    private static final int HEADER_BYTES = 2 * Integer.BYTES;
    private static final int MAX_TEXT_BYTES = 4096;

    private final RankLinks owner;
    private final SocketLink link;
    private final SocketChannel channel;

    ControlConnection(RankLinks owner, SocketLink link, SocketChannel channel) {
        this.owner = owner;
        this.link = link;
        this.channel = channel;
    }

    /** Starts to listen to the peer. */
    void start() {
        Thread.ofVirtual().name("data-plane-control-" + link.peer().rank()).start(this::listen);
    }

    private void listen() {
        try {
            ByteBuffer header = buffer(HEADER_BYTES);
            Sockets.readFully(channel, header);
            int kind = header.getInt(0);
            int length = header.getInt(Integer.BYTES);
            if (kind == LEFT) {
                link.peerLeft();
            } else if (kind == FAILED && length >= 0 && length <= MAX_TEXT_BYTES) {
                ByteBuffer text = buffer(length);
                Sockets.readFully(channel, text);
                owner.fail(StandardCharsets.UTF_8.decode(text.flip()).toString(), null);
            } else {
                owner.fail(link.peer() + " sent a damaged control message, of kind " + kind, null);
            }
        } catch (IOException e) {
            owner.fail(link.peer() + " was lost: " + e.getMessage(), e); // no effect when this side has closed
        }
    }

    @Override
    public void failed(String reason) {
        send(FAILED, reason);
    }

    @Override
    public void left() {
        send(LEFT, "");
    }

    /** The one message of this direction: it fits into the socket's buffer, so this does not wait. */
    private void send(int kind, String reason) {
        byte[] bytes = reason.getBytes(StandardCharsets.UTF_8);
        int length = Math.min(bytes.length, MAX_TEXT_BYTES);
        try {
            Sockets.writeFully(
                    channel,
                    buffer(HEADER_BYTES + length)
                            .putInt(kind)
                            .putInt(length)
                            .put(bytes, 0, length)
                            .flip());
        } catch (IOException e) {
            LOG.debug("{} could not be told that rank {} is done: {}", link.peer(), owner.rank(), e.toString());
        }
    }

    @Override
    public void close() {
        Sockets.close(channel);
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
