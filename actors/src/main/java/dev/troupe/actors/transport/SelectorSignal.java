package dev.troupe.actors.transport;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;

/** The wait of a rank with peers in other JVMs: for their sockets, and for wake-ups of those in this one. */
final class SelectorSignal implements Signal {
    private static final long NANOS_PER_MILLI = 1_000_000;
    /**
     * Each is a call of the system, half a microsecond or one. The next bytes of a transfer come sooner than a thread
     * can fall asleep and be woken: with two looks a tensor of 1 MiB took a fifth longer (docs/log-earlier.md).
     */
    private static final int SPINS = 100;

    private final Selector selector;
    private volatile boolean waiting;

    SelectorSignal() {
        try {
            selector = Selector.open();
        } catch (IOException e) {
            throw new UncheckedIOException("no selector could be opened: are there enough file descriptors?", e);
        }
    }

    SelectionKey register(SocketChannel channel) throws IOException {
        return channel.register(selector, 0);
    }

    @Override
    public int spins() {
        return SPINS;
    }

    @Override
    public void prepare() {
        waiting = true;
    }

    @Override
    public void cancel() {
        waiting = false;
    }

    @Override
    public void await(long nanos) {
        try {
            selector.select(Math.ceilDiv(nanos, NANOS_PER_MILLI));
        } catch (IOException e) {
            throw new UncheckedIOException("waiting for sockets failed", e);
        }
        selector.selectedKeys().clear();
        waiting = false;
    }

    @Override
    public void wake() {
        if (waiting) {
            selector.wakeup();
        }
    }

    @Override
    public void close() {
        Sockets.close(selector);
    }
}
