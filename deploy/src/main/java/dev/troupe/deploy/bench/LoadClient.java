package dev.troupe.deploy.bench;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.troupe.deploy.bench.LoadTarget.Arrivals;
import dev.troupe.deploy.bench.LoadTarget.Outcome;
import dev.troupe.model.kernel.parallel.ThreadSlice;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A process of its own that asks a node over HTTP: it shares the processors with the node, so it does as little as it
 * can (blocking sockets, kept open; the bytes of a stream are only searched), and says what processor time it took. Its
 * threads go before all others where the system lets them, else they have short slices of the processor: a client on a
 * machine of its own would not wait for the node's kernels.
 */
public final class LoadClient {
    private static final ObjectMapper JSON =
            new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);
    private static final byte[] OK = bytes("HTTP/1.1 200");
    private static final byte[] EVENT = bytes("data: {");
    private static final byte[] DONE = bytes("data: [DONE]");
    private static final byte[] LAST_CHUNK = bytes("\r\n0\r\n\r\n");
    private static final int BUFFER_BYTES = 1 << 16;

    /**
     * One load, a line of JSON.
     *
     * @param bodies of the requests
     * @param streams at a time; 0 when each request begins at its time
     * @param offsetNanos those times
     * @param numTokens that each answer has
     */
    record Load(
            String host,
            int port,
            String path,
            List<String> bodies,
            int streams,
            List<Long> offsetNanos,
            int numTokens) {}

    /**
     * A connection and what is read from it. Both are kept from request to request: memory that is new to the process
     * takes a while, just when the node wakes to read what was sent, maybe on this processor.
     */
    private static final class Connection {
        final SocketChannel channel;
        final ByteBuffer in = ByteBuffer.allocateDirect(BUFFER_BYTES);
        final byte[] seen = new byte[BUFFER_BYTES + DONE.length];

        Connection(SocketChannel channel) {
            this.channel = channel;
        }
    }

    private final Load load;
    private final List<byte[]> requests;
    private final LoadDriver driver;
    private final ConcurrentLinkedDeque<Connection> idle;
    private final ExecutorService threads;

    private LoadClient(Load load, ConcurrentLinkedDeque<Connection> idle, ExecutorService threads) {
        this.load = load;
        String authority = load.host() + ":" + load.port();
        requests = load.bodies().stream()
                .map(body -> RawRequest.post(authority, load.path(), bytes(body)))
                .toList();
        this.idle = idle;
        this.threads = threads;
        Arrivals arrivals =
                load.streams() > 0 ? new Arrivals.Closed(load.streams()) : new Arrivals.Open(load.offsetNanos());
        driver = new LoadDriver(load.bodies().size(), arrivals, load.numTokens(), this::begin);
    }

    /** Reads loads from standard input until it ends, and writes each one's {@link Outcome}. */
    public static void main(String[] args) throws IOException {
        PrintStream out = System.out;
        ConcurrentLinkedDeque<Connection> idle = new ConcurrentLinkedDeque<>();
        try (ExecutorService threads = Executors.newCachedThreadPool(LoadClient::thread);
                BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                Load load = JSON.readValue(line, Load.class);
                double before = CpuTimes.processSeconds();
                Outcome outcome = new LoadClient(load, idle, threads).driver.run();
                double cpuSeconds = CpuTimes.processSeconds() - before;
                out.println(JSON.writeValueAsString(new Outcome(outcome.answers(), outcome.seconds(), cpuSeconds)));
            }
        }
    }

    private static Thread thread(Runnable work) {
        return new Thread(() -> ThreadSlice.runFirst(work));
    }

    private void begin(int request) {
        threads.execute(() -> {
            try {
                askInTurn(request);
            } catch (IOException | RuntimeException e) {
                driver.failed(e);
            }
        });
    }

    /** A request and what its stream asks after it, on this thread: another would have to wake for each. */
    private void askInTurn(int request) throws IOException {
        for (OptionalInt next = OptionalInt.of(request); next.isPresent(); next = driver.answered(next.getAsInt())) {
            ask(next.getAsInt());
        }
    }

    private void ask(int request) throws IOException {
        Connection connection = idle.pollFirst();
        while (connection != null && !beginsToAnswer(request, connection)) {
            connection.channel.close();
            connection = idle.pollFirst();
        }
        if (connection == null) {
            connection = connect();
            if (firstBytes(request, connection) < 0) {
                throw new IOException("the connection was closed before an answer");
            }
        }
        read(request, connection);
        idle.addFirst(connection);
    }

    /**
     * As {@link #firstBytes}, over a connection that was used before. False when the server closed it, as it does those
     * that nobody uses for minutes, here between two loads of many streams.
     */
    private boolean beginsToAnswer(int request, Connection used) {
        try {
            return firstBytes(request, used) >= 0;
        } catch (IOException _) {
            return false; // a new connection says what is wrong, if it is not this one's age
        }
    }

    /** Sends a request and waits for the first bytes of the answer, negative when there are none. */
    private int firstBytes(int request, Connection connection) throws IOException {
        ByteBuffer out = ByteBuffer.wrap(requests.get(request));
        while (out.hasRemaining()) {
            connection.channel.write(out);
        }
        return connection.channel.read(connection.in.clear());
    }

    private Connection connect() throws IOException {
        SocketChannel channel = SocketChannel.open(new InetSocketAddress(load.host(), load.port()));
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        return new Connection(channel);
    }

    /**
     * From the first bytes, which were read, to the end of a chunked response. What it searches for may lie across two
     * reads, so the last bytes stay.
     */
    private void read(int request, Connection connection) throws IOException {
        ByteBuffer in = connection.in;
        byte[] seen = connection.seen;
        int kept = 0;
        boolean started = false;
        boolean done = false;
        while (true) {
            int length = kept + in.flip().remaining();
            in.get(seen, kept, length - kept);
            if (!started) {
                if (!startsWith(seen, length)) {
                    throw new IOException("not answered: " + new String(seen, 0, length, StandardCharsets.UTF_8));
                }
                started = true;
            }
            int events = newEvents(seen, kept, length);
            if (events > 0) {
                driver.tokens(request, events);
            }
            done = done || indexOf(seen, 0, length, DONE) >= 0;
            if (done && indexOf(seen, 0, length, LAST_CHUNK) >= 0) {
                return;
            }
            kept = Math.min(DONE.length - 1, length);
            System.arraycopy(seen, length - kept, seen, 0, kept);
            if (connection.channel.read(in.clear()) < 0) {
                throw new IOException("the connection was closed in the middle of an answer");
            }
        }
    }

    private static boolean startsWith(byte[] seen, int length) {
        for (int i = 0; i < OK.length; i++) {
            if (i >= length || seen[i] != OK[i]) {
                return false;
            }
        }
        return true;
    }

    /** Those that were not whole in the {@code kept} bytes of an earlier read. */
    static int newEvents(byte[] seen, int kept, int length) {
        int events = 0;
        int from = Math.max(0, kept - EVENT.length + 1);
        for (int at = indexOf(seen, from, length, EVENT); at >= 0; at = indexOf(seen, at + 1, length, EVENT)) {
            events++;
        }
        return events;
    }

    private static int indexOf(byte[] seen, int from, int length, byte[] sought) {
        for (int at = from; at + sought.length <= length; at++) {
            int i = 0;
            while (i < sought.length && seen[at + i] == sought[i]) {
                i++;
            }
            if (i == sought.length) {
                return at;
            }
        }
        return -1;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
