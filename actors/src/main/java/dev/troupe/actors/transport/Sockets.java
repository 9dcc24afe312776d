package dev.troupe.actors.transport;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What all sockets of the data plane have in common. */
final class Sockets {
    private static final int DRAIN_MILLIS = 500;
    private static final int DRAIN_BYTES = 64 << 10;

    private static final Logger LOG = LoggerFactory.getLogger(Sockets.class);

    private Sockets() {}

    static void configure(SocketChannel channel) throws IOException {
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        channel.setOption(StandardSocketOptions.SO_SNDBUF, DataPlane.SOCKET_BUFFER_BYTES);
        channel.setOption(StandardSocketOptions.SO_RCVBUF, DataPlane.SOCKET_BUFFER_BYTES);
        channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
    }

    /** Closes; there is nothing to be done when that fails. */
    static void close(Closeable closeable) {
        try {
            closeable.close();
        } catch (IOException e) {
            LOG.debug("closing {} failed", closeable, e);
        }
    }

    /** Fills a buffer from a channel that blocks. */
    static void readFully(SocketChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            if (channel.read(buffer) < 0) {
                throw new EOFException("the connection was closed");
            }
        }
    }

    /**
     * Ends a conversation so that what was written is read: closing with bytes unread would reset the connection, and
     * the peer might never see them. Reads no more than a little, for no longer than a moment.
     */
    static void drain(SocketChannel channel) throws IOException {
        channel.shutdownOutput();
        channel.socket().setSoTimeout(DRAIN_MILLIS);
        InputStream in = channel.socket().getInputStream();
        int left = DRAIN_BYTES;
        for (int count = 0; count >= 0 && left > 0; left -= count) {
            count = in.read(new byte[1024]);
        }
    }

    /**
     * Fills a buffer from a channel that blocks.
     *
     * @return the buffer, from its start
     * @throws java.net.SocketTimeoutException when time is up
     */
    static ByteBuffer read(SocketChannel channel, ByteBuffer buffer, long deadlineNanos) throws IOException {
        InputStream in = channel.socket().getInputStream();
        byte[] bytes = new byte[buffer.remaining()];
        int read = 0;
        while (read < bytes.length) {
            long millis = (deadlineNanos - System.nanoTime()) / 1_000_000;
            if (millis <= 0) {
                throw new SocketTimeoutException("nothing came in time");
            }
            channel.socket().setSoTimeout((int) Math.min(millis, Integer.MAX_VALUE));
            int count = in.read(bytes, read, bytes.length - read);
            if (count < 0) {
                throw new EOFException("the connection was closed");
            }
            read += count;
        }
        return buffer.put(bytes).flip();
    }

    static void writeFully(SocketChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }
}
