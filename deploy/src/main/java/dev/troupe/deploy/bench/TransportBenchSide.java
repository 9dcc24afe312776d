package dev.troupe.deploy.bench;

import dev.troupe.actors.transport.DataPlane;
import dev.troupe.actors.transport.Endpoint;
import dev.troupe.model.TroupeException;
import dev.troupe.model.parallel.Communicator;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One of the two ranks of the measurement. Both do the same in the same order; rank 0 looks at the clock. */
final class TransportBenchSide implements AutoCloseable {
    /** Bytes of an operation that a round moves at least. */
    private static final long ROUND_BYTES = 256L << 20;

    private static final int MIN_ITERATIONS = 4;
    private static final int WARM_UP_ITERATIONS = 400;
    private static final int WARM_UP_MEBIBYTES = 1;

    private final @Nullable SocketChannel plain;
    private final Communicator communicator;
    private final TensorArena arena = TensorArena.open("bench.transport");

    /** Bytes a second, sent and received; of the median time. */
    record Times(double plain, double sendReceive, double allReduce) {}

    /** @param plain null within one JVM, where there is nothing to compare with */
    TransportBenchSide(@Nullable SocketChannel plain, Communicator communicator) {
        this.plain = plain;
        this.communicator = communicator;
        if (plain != null) {
            try {
                plain.setOption(StandardSocketOptions.TCP_NODELAY, true);
                plain.setOption(StandardSocketOptions.SO_SNDBUF, DataPlane.SOCKET_BUFFER_BYTES);
                plain.setOption(StandardSocketOptions.SO_RCVBUF, DataPlane.SOCKET_BUFFER_BYTES);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** One operation on one tensor. */
    private interface Step {
        void run(Tensor values) throws IOException;
    }

    List<Times> run(List<Integer> mebibytes, int rounds) {
        Tensor small = tensor(WARM_UP_MEBIBYTES);
        List<Step> steps = List.of(this::echoPlain, this::echo, communicator::allReduce);
        for (Step step : steps) {
            measure(step, small, WARM_UP_ITERATIONS);
        }
        List<Times> times = new ArrayList<>();
        for (int size : mebibytes) {
            Tensor values = tensor(size);
            long bytes = values.size() * Float.BYTES;
            int iterations = (int) Math.max(MIN_ITERATIONS, ROUND_BYTES / bytes);
            long[][] nanos = new long[steps.size()][rounds * iterations];
            for (int round = 0; round < rounds; round++) {
                for (int i = 0; i < steps.size(); i++) {
                    System.arraycopy(
                            measure(steps.get(i), values, iterations), 0, nanos[i], round * iterations, iterations);
                }
            }
            times.add(new Times(rate(bytes, nanos[0]), rate(bytes, nanos[1]), rate(bytes, nanos[2])));
        }
        return times;
    }

    private Tensor tensor(int mebibytes) {
        return arena.allocate(mebibytes << 18);
    }

    private static long[] measure(Step step, Tensor values, int iterations) {
        try {
            long[] nanos = new long[iterations];
            step.run(values); // both are there now
            for (int i = 0; i < iterations; i++) {
                long start = System.nanoTime();
                step.run(values);
                nanos[i] = System.nanoTime() - start;
            }
            return nanos;
        } catch (IOException e) {
            throw new UncheckedIOException("the plain socket failed", e);
        }
    }

    private static double rate(long bytes, long[] nanos) {
        Arrays.sort(nanos);
        return 2.0 * bytes / nanos[nanos.length / 2] * 1e9;
    }

    private void echo(Tensor values) {
        if (communicator.rank() == 0) {
            communicator.send(values, 1);
            communicator.receive(values, 1);
        } else {
            communicator.receive(values, 0);
            communicator.send(values, 0);
        }
    }

    private void echoPlain(Tensor values) throws IOException {
        if (plain == null) {
            return;
        }
        ByteBuffer buffer = values.segment().asByteBuffer();
        if (communicator.rank() == 0) {
            write(plain, buffer);
            read(plain, buffer.clear());
        } else {
            read(plain, buffer);
            write(plain, buffer.clear());
        }
    }

    private static void write(SocketChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }

    private static void read(SocketChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            if (channel.read(buffer) < 0) {
                throw new EOFException("the other side of the measurement has ended");
            }
        }
    }

    /** Waits for the second JVM, and gives up when that ends. */
    static SocketChannel accept(ServerSocketChannel listener, Process process, Duration timeout)
            throws IOException, InterruptedException {
        listener.configureBlocking(false);
        long end = System.nanoTime() + timeout.toNanos();
        SocketChannel channel = listener.accept();
        while (channel == null) {
            if (!process.isAlive() || System.nanoTime() > end) {
                throw new TroupeException("the second process of the measurement did not come; its errors are above");
            }
            Thread.sleep(10);
            channel = listener.accept();
        }
        channel.configureBlocking(true);
        return channel;
    }

    static void writeEndpoint(SocketChannel channel, Endpoint endpoint) throws IOException {
        byte[] text = (endpoint.host() + "\n" + endpoint.nodeId()).getBytes(StandardCharsets.UTF_8);
        write(
                channel,
                ByteBuffer.allocate(2 * Integer.BYTES + text.length)
                        .putInt(endpoint.port())
                        .putInt(text.length)
                        .put(text)
                        .flip());
    }

    static Endpoint readEndpoint(SocketChannel channel) throws IOException {
        ByteBuffer numbers = ByteBuffer.allocate(2 * Integer.BYTES);
        read(channel, numbers);
        ByteBuffer text = ByteBuffer.allocate(numbers.getInt(Integer.BYTES));
        read(channel, text);
        List<String> words =
                StandardCharsets.UTF_8.decode(text.flip()).toString().lines().toList();
        return new Endpoint(words.get(0), numbers.getInt(0), words.get(1));
    }

    @Override
    public void close() {
        arena.close();
    }
}
