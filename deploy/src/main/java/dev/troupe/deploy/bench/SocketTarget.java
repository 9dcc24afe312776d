package dev.troupe.deploy.bench;

import dev.troupe.actors.serving.engine.EngineLoop;
import dev.troupe.actors.serving.engine.SampledToken;
import dev.troupe.deploy.bench.SocketRequest.Asked;
import dev.troupe.model.kernel.parallel.ThreadSlice;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The least that a server can be: the bare engine behind a bare socket, asked by the same client with the same bytes. A
 * thread waits for each connection's requests, one computes and writes tokens to sockets itself; no actors, no router,
 * and of HTTP what the client must see. What it adds to the engine is the machine's: a client that is another process,
 * threads that wake. On a virtual machine a processor that was idle may take milliseconds to come back.
 */
final class SocketTarget implements LoadTarget, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SocketTarget.class);
    private static final String HEAD = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    private static final String LAST = chunk("data: [DONE]\n\n") + "0\r\n\r\n";

    private final ServerSocketChannel listening;
    private final HttpTarget client;
    private final LoadRequest request;
    private final EngineLoop loop; // of the thread that computes
    private final Queue<Asked> asked = new ConcurrentLinkedQueue<>();
    private final Thread computing;
    private final ExecutorService connections =
            Executors.newCachedThreadPool(work -> new Thread(() -> ThreadSlice.runWithShortest(work), "bench-socket"));
    private volatile boolean closed;

    /** Listens, and starts the client. Who closes this does not close the engine. */
    SocketTarget(EngineLoop loop, LoadRequest request) {
        this.loop = loop;
        this.request = request;
        try {
            listening = ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            int port = ((InetSocketAddress) listening.getLocalAddress()).getPort();
            client = new HttpTarget("http://localhost:" + port, "bench", request);
        } catch (IOException e) {
            throw new UncheckedIOException("the bench cannot listen on this machine", e);
        }
        computing = Thread.ofPlatform().name("bench-steps").start(this::compute);
        connections.execute(this::accept);
    }

    @Override
    public Outcome answer(List<List<Integer>> prompts, Arrivals arrivals, int numTokens) {
        return client.answer(prompts, arrivals, numTokens);
    }

    private void accept() {
        try {
            while (!closed) {
                SocketChannel connection = listening.accept();
                connection.setOption(StandardSocketOptions.TCP_NODELAY, true);
                connections.execute(() -> read(connection));
            }
        } catch (IOException e) {
            warnUnlessClosed(e);
        }
    }

    /** Until the client closes. */
    private void read(SocketChannel connection) {
        try (connection) {
            SocketRequest reader = new SocketRequest(connection);
            for (Asked next = reader.next(); next != null; next = reader.next()) {
                asked.add(next);
                LockSupport.unpark(computing);
            }
        } catch (IOException | RuntimeException e) { // the client sees its connection closed, and ends the load
            warnUnlessClosed(e);
        }
    }

    private void warnUnlessClosed(Exception failure) {
        if (!closed) {
            LOG.warn("the bench's socket failed", failure);
        }
    }

    /** A request that is being answered, and how many of its tokens have been written. */
    private record Open(long arrival, Asked asked, int told) {}

    private void compute() {
        List<Open> open = new ArrayList<>();
        try {
            while (!closed) {
                for (Asked next = asked.poll(); next != null; next = asked.poll()) {
                    open.add(new Open(loop.offer(request.of("bench", next.prompt(), next.maxTokens())), next, 0));
                }
                if (open.isEmpty()) {
                    LockSupport.park(this);
                } else {
                    loop.step();
                    open = tell(open);
                }
            }
        } catch (IOException | RuntimeException e) {
            warnUnlessClosed(e);
            closed = true;
            connections.shutdownNow(); // closes all that is connected and waits to be: the client ends the load
        }
    }

    /** @return those that are not answered yet */
    private List<Open> tell(List<Open> open) throws IOException {
        List<Open> still = new ArrayList<>();
        for (Open next : open) {
            List<SampledToken> answer = loop.answer(next.arrival());
            if (answer.size() > next.told()) {
                write(next, answer);
            }
            if (answer.size() < next.asked().maxTokens()) {
                still.add(new Open(next.arrival(), next.asked(), answer.size()));
            }
        }
        return still;
    }

    private static void write(Open open, List<SampledToken> answer) throws IOException {
        StringBuilder text = new StringBuilder(open.told() == 0 ? HEAD : "");
        for (SampledToken token : answer.subList(open.told(), answer.size())) {
            text.append(chunk("data: {\"token\":" + token.token() + "}\n\n"));
        }
        if (answer.size() == open.asked().maxTokens()) {
            text.append(LAST);
        }
        ByteBuffer bytes = ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.US_ASCII));
        while (bytes.hasRemaining()) {
            open.asked().connection().write(bytes);
        }
    }

    private static String chunk(String text) {
        return Integer.toHexString(text.length()) + "\r\n" + text + "\r\n";
    }

    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(computing);
        client.close();
        try {
            listening.close();
            computing.join();
        } catch (IOException e) {
            throw new UncheckedIOException("the bench's socket could not be closed", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            connections.shutdownNow();
        }
    }
}
