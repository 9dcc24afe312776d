package dev.troupe.actors.transport;

import dev.troupe.model.parallel.CommunicationException;
import dev.troupe.model.tensor.TensorArena;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.concurrent.locks.LockSupport;

/**
 * A link over a socket that never blocks. What is in flight is what the kernel buffers; there are no buffers of ours
 * but one piece of memory for what is added.
 */
final class SocketLink extends Link {
    /**
     * How long a lost connection waits for what the control connection, which may be a little behind, says of it: so
     * that the rank that was lost first is named, not the one that closed because of it.
     */
    private static final long EXPLANATION_NANOS = 50_000_000;

    private final SocketChannel channel;
    private final SelectionKey key;
    private final FrameWriter writer;
    private final FrameReader reader;

    SocketLink(RankLinks owner, Peer peer, SocketChannel channel, SelectorSignal signal) throws IOException {
        super(owner, peer);
        this.channel = channel;
        channel.configureBlocking(false);
        key = signal.register(channel);
        TensorArena arena = owner.arena();
        writer = new FrameWriter(channel, arena.allocateBytes(FrameHeader.BYTES).asByteBuffer());
        MemorySegment piece = arena.allocateBytes(FrameHeader.MAX_PAYLOAD);
        reader = new FrameReader(
                channel, peer, arena.allocateBytes(FrameHeader.BYTES).asByteBuffer(), piece);
    }

    @Override
    void started(PendingTransfer send) {
        // goes on in advance
    }

    @Override
    boolean advance() {
        PendingTransfer send = sends().peek();
        PendingTransfer receive = receives().peek();
        boolean moved = false;
        try {
            if (receive != null) {
                moved = reader.advance(receive);
                if (receive.finished()) {
                    receives().remove();
                }
            }
            if (send != null) {
                if (hasLeft()) {
                    throw owner().fail(peer() + " left the group", null);
                }
                moved |= writer.advance(send);
                if (send.finished()) {
                    sends().remove();
                }
            }
        } catch (FrameReader.DamagedFrameException e) {
            throw owner().fail(String.valueOf(e.getMessage()), e);
        } catch (IOException e) {
            throw lost(e);
        }
        return moved;
    }

    private CommunicationException lost(IOException e) {
        long end = System.nanoTime() + EXPLANATION_NANOS;
        while (!owner().hasFailed() && !hasLeft() && System.nanoTime() < end) {
            LockSupport.parkNanos(200_000);
        }
        return owner().fail(peer() + (hasLeft() ? " left the group" : " was lost: " + e.getMessage()), e);
    }

    @Override
    void beforeWait() {
        int interest =
                (receives().isEmpty() ? 0 : SelectionKey.OP_READ) | (sends().isEmpty() ? 0 : SelectionKey.OP_WRITE);
        if (key.interestOps() != interest) {
            key.interestOps(interest);
        }
    }

    @Override
    void close() {
        Sockets.close(channel);
    }
}
