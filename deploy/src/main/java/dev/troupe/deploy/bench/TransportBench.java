package dev.troupe.deploy.bench;

import dev.troupe.actors.transport.DataPlane;
import dev.troupe.actors.transport.Endpoint;
import dev.troupe.actors.transport.LocalGroup;
import dev.troupe.deploy.Main;
import dev.troupe.model.TroupeException;
import dev.troupe.model.parallel.Communicator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * How fast tensors travel between two JVMs of this machine, and between two threads of one, beside a plain socket
 * between the same JVMs, over the same memory, in turns. Only ratios within a run say much: machines drift.
 */
public final class TransportBench {
    /** Where both processes listen. */
    public static final String HOST = "127.0.0.1";

    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private static final long EXIT_SECONDS = 20;

    /**
     * One size; bytes a second count what is sent and what is received, so echo and all-reduce, which sends and
     * receives each byte once, compare.
     *
     * @param plain an echo over a plain socket
     * @param sendReceive an echo of send and receive between the JVMs
     * @param sendReceiveShare of plain
     * @param allReduce among the two JVMs
     * @param allReduceShare of plain
     * @param localSendReceive between two threads of one JVM
     * @param localAllReduce among them
     */
    public record Row(
            long bytes,
            double plain,
            double sendReceive,
            double sendReceiveShare,
            double allReduce,
            double allReduceShare,
            double localSendReceive,
            double localAllReduce) {}

    /** All sizes. */
    public record Report(List<Row> rows) {}

    private TransportBench() {}

    /**
     * Measures; starts the second JVM itself.
     *
     * @param mebibytes sizes of the tensors
     * @param rounds of each size
     */
    public static Report run(List<Integer> mebibytes, int rounds) {
        try (ServerSocketChannel listener =
                        ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
                DataPlane plane = DataPlane.open("first", HOST, 0)) {
            int port = ((InetSocketAddress) listener.getLocalAddress()).getPort();
            Process process = fork(port, plane.endpoint(), mebibytes, rounds);
            try (SocketChannel plain = TransportBenchSide.accept(listener, process, TIMEOUT)) {
                List<Endpoint> members = List.of(plane.endpoint(), TransportBenchSide.readEndpoint(plain));
                try (Communicator communicator = plane.join("bench", 0, members, TIMEOUT);
                        TransportBenchSide side = new TransportBenchSide(plain, communicator)) {
                    List<TransportBenchSide.Times> between = side.run(mebibytes, rounds);
                    process.waitFor(EXIT_SECONDS, TimeUnit.SECONDS);
                    return report(mebibytes, between, local(mebibytes, rounds));
                }
            } finally {
                process.destroyForcibly();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the sockets of the measurement failed", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TroupeException("the measurement was interrupted", e);
        }
    }

    /** The second JVM's part. */
    public static void serve(int plainPort, Endpoint first, List<Integer> mebibytes, int rounds) {
        try (DataPlane plane = DataPlane.open("second", HOST, 0);
                SocketChannel plain =
                        SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), plainPort))) {
            TransportBenchSide.writeEndpoint(plain, plane.endpoint());
            List<Endpoint> members = List.of(first, plane.endpoint());
            try (Communicator communicator = plane.join("bench", 1, members, TIMEOUT);
                    TransportBenchSide side = new TransportBenchSide(plain, communicator)) {
                side.run(mebibytes, rounds);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the sockets of the measurement failed", e);
        }
    }

    private static Process fork(int port, Endpoint first, List<Integer> mebibytes, int rounds) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElse("java"));
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
        command.addAll(List.of("bench", "transport", "--rounds", Integer.toString(rounds), "--mib"));
        command.add(String.join(",", mebibytes.stream().map(String::valueOf).toList()));
        command.addAll(List.of("--peer", port + ":" + first.port() + ":" + first.nodeId()));
        return new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private static List<TransportBenchSide.Times> local(List<Integer> mebibytes, int rounds)
            throws InterruptedException {
        List<Communicator> group = LocalGroup.create(2, TIMEOUT);
        Thread second = Thread.ofPlatform().daemon().start(() -> {
            try (TransportBenchSide side = new TransportBenchSide(null, group.get(1))) {
                side.run(mebibytes, rounds);
            }
        });
        try (TransportBenchSide side = new TransportBenchSide(null, group.get(0))) {
            return side.run(mebibytes, rounds);
        } finally {
            second.join();
            group.forEach(Communicator::close);
        }
    }

    private static Report report(
            List<Integer> mebibytes, List<TransportBenchSide.Times> between, List<TransportBenchSide.Times> within) {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < mebibytes.size(); i++) {
            long bytes = (long) mebibytes.get(i) << 20;
            double plain = between.get(i).plain();
            double sendReceive = between.get(i).sendReceive();
            double allReduce = between.get(i).allReduce();
            rows.add(new Row(
                    bytes,
                    plain,
                    sendReceive,
                    sendReceive / plain,
                    allReduce,
                    allReduce / plain,
                    within.get(i).sendReceive(),
                    within.get(i).allReduce()));
        }
        return new Report(rows);
    }
}
