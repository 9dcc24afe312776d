package dev.troupe.actors.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.parallel.CommunicationException;
import dev.troupe.model.parallel.Communicator;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What ranks in other JVMs may do to a group, and that nobody else is disturbed. Data planes here stand for nodes. */
class FaultTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(20);
    private static final Duration SOON = Duration.ofSeconds(2); // milliseconds, on a machine that does nothing else
    private static final int LARGE = 8 << 20; // floats: more than sockets buffer

    private final Planes planes = new Planes(3);
    private final TensorArena arena = TensorArena.open("test.transport");

    @AfterEach
    void close() {
        planes.close();
        arena.close();
    }

    private Ranks.Body<String> allReduce(int size) {
        return communicator -> {
            Tensor values = arena.allocate(size);
            while (true) {
                communicator.allReduce(values);
            }
        };
    }

    @Test
    void aRankThatClosesInTheMiddleIsNamedByAllOthers() throws InterruptedException {
        List<Communicator> group = planes.group(TIMEOUT, 0, 1, 2);
        List<CompletableFuture<String>> ranks = Ranks.start(group, allReduce(LARGE));
        Thread.sleep(200);
        long start = System.nanoTime();
        group.get(1).close();
        assertThat(Ranks.failure(ranks.get(0))).hasMessageContaining("rank 1 (node-1)");
        assertThat(Ranks.failure(ranks.get(2))).hasMessageContaining("rank 1 (node-1)");
        assertThat(Ranks.failure(ranks.get(1))).hasMessageContaining("it was closed");
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(SOON);
        group.forEach(Communicator::close);
    }

    @Test
    void whatALeavingRankSentBeforeCanStillBeReceived() {
        List<Communicator> group = planes.group(TIMEOUT, 0, 1);
        Tensor values = arena.allocate(1000);
        values.set(999, 7);
        group.get(0).send(values, 1); // fits into the socket's buffers
        group.get(0).close();
        Tensor received = arena.allocate(1000);
        group.get(1).receive(received, 0);
        assertThat(received.get(999)).isEqualTo(7);
        assertThatThrownBy(() -> group.get(1).receive(received, 0)).hasMessageContaining("rank 0 (node-0) left");
        group.get(1).close();
    }

    @Test
    void aStalledReceiverMakesTheSenderWaitAndThenFail() throws InterruptedException {
        List<Communicator> group = planes.group(Duration.ofMillis(300), 0, 1);
        assertThatThrownBy(() -> group.get(0).send(arena.allocate(LARGE), 1))
                .isInstanceOf(CommunicationException.class)
                .hasMessageContaining("rank 1 (node-1) did not answer within 300 ms");
        Thread.sleep(100); // until the other rank has been told
        assertThatThrownBy(() -> group.get(1).gather(1)).as("the other rank").hasMessageContaining("did not answer");
        group.forEach(Communicator::close);
    }

    @Test
    void ranksThatDoNotDoTheSameFindOut() {
        List<Communicator> group = planes.group(TIMEOUT, 0, 1);
        List<CompletableFuture<String>> ranks = Ranks.start(group, communicator -> {
            if (communicator.rank() == 0) {
                communicator.allReduce(arena.allocate(64));
            } else {
                communicator.broadcast(arena.allocate(64), 1);
                communicator.gather(1);
            }
            return "done";
        });
        assertThat(Ranks.failure(ranks.get(0))).hasMessageContaining("must call the same operations");
        assertThat(Ranks.failure(ranks.get(1))).hasMessageContaining("must call the same operations");
        group.forEach(Communicator::close);
    }

    @Test
    void anInterruptEndsTheGroup() throws InterruptedException {
        List<Communicator> group = planes.group(TIMEOUT, 0, 1);
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        Thread thread = Thread.ofPlatform().daemon().start(() -> {
            try {
                group.get(0).receive(arena.allocate(1), 1);
            } catch (CommunicationException e) {
                failure.complete(e);
            }
        });
        Thread.sleep(100);
        thread.interrupt();
        assertThat(Ranks.get(failure)).hasMessageContaining("rank 0 (node-0) was interrupted");
        group.forEach(Communicator::close);
    }

    /** Each time another byte: in a header, a payload, of a small and of a large tensor. */
    @Test
    void aDamagedByteIsNoticedAndSaid() throws IOException {
        Random random = new Random(42);
        for (int i = 0; i < 12; i++) {
            int at = i < 4 ? random.nextInt(FrameHeader.BYTES) : random.nextInt(1 << 20);
            try (Proxy proxy = new Proxy(planes.get(0).endpoint(), at)) {
                String name = Planes.newName();
                Endpoint real = planes.get(0).endpoint();
                Endpoint throughProxy = new Endpoint(real.host(), proxy.port(), real.nodeId());
                CompletableFuture<Communicator> first = Ranks.start(() ->
                        planes.get(0).join(name, 0, List.of(real, planes.get(1).endpoint()), TIMEOUT));
                Communicator second = planes.get(1)
                        .join(name, 1, List.of(throughProxy, planes.get(1).endpoint()), TIMEOUT);
                Communicator receiver = Ranks.get(first);
                CompletableFuture<String> sent = Ranks.start(() -> {
                    second.send(arena.allocate(1 << 18), 0);
                    second.receive(arena.allocate(1), 0);
                    return "done";
                });
                assertThatThrownBy(() -> receiver.receive(arena.allocate(1 << 18), 1))
                        .as("damaged at byte " + at)
                        .isInstanceOf(CommunicationException.class)
                        .hasMessageContaining("rank 1 (node-1) sent a damaged frame")
                        .hasMessageContaining("checksum");
                assertThat(Ranks.failure(sent)).hasMessageContaining("damaged frame");
                receiver.close();
                second.close();
            }
        }
    }

    @Test
    void aPeerOfAnEarlierEpochIsRefused() {
        String earlier = Planes.newName();
        List<Endpoint> members = planes.members(0, 1);
        CompletableFuture<Communicator> first = Ranks.start(() -> planes.get(0).join(earlier, 0, members, TIMEOUT));
        planes.get(1).join(earlier, 1, members, TIMEOUT).close();
        Ranks.get(first).close();

        List<Communicator> now = planes.group(TIMEOUT, 0, 2); // the run goes on with another node
        assertThatThrownBy(() -> planes.get(2).join(earlier, 1, planes.members(0, 2), TIMEOUT))
                .isInstanceOf(CommunicationException.class)
                .hasMessageContaining(earlier)
                .hasMessageContaining("is over on node-0");
        assertThatThrownBy(() -> planes.get(0).join(earlier, 0, members, TIMEOUT))
                .hasMessageContaining("used once");
        assertThatThrownBy(() -> planes.get(1).join("never", 1, members, Duration.ofMillis(200)))
                // Whether it gives up first or is told by the other node, which waits as long, is a matter of chance.
                .hasMessageMatching(
                        "(?s).*(did not join group never within 200 ms|rank 0 of group never has not joined).*");
        Ranks.run(now, communicator -> communicator.gather(1));
        now.forEach(Communicator::close);
    }

    @Test
    void aNodeThatIsNotInTheGroupIsRefused() {
        String name = Planes.newName();
        List<Endpoint> members = planes.members(0, 1);
        CompletableFuture<Communicator> first = Ranks.start(() -> planes.get(0).join(name, 0, members, TIMEOUT));
        assertThatThrownBy(() -> planes.get(2).join(name, 1, planes.members(0, 2), TIMEOUT))
                .hasMessageContaining("rank 1 of group " + name + " is on node-1")
                .hasMessageContaining("not on node-2");
        Communicator second = planes.get(1).join(name, 1, members, TIMEOUT);
        Ranks.run(List.of(Ranks.get(first), second), communicator -> communicator.gather(1));
        Ranks.get(first).close();
        second.close();
    }

    @Test
    void strangersAreRefusedAndDisturbNobody() throws IOException {
        List<SocketChannel> strangers = new ArrayList<>();
        List<Communicator> group = planes.group(TIMEOUT, 0, 1);
        List<CompletableFuture<Integer>> ranks = Ranks.start(group, communicator -> {
            Tensor values = arena.allocate(100_000);
            for (int i = 0; i < 50; i++) {
                communicator.allReduce(values);
            }
            return communicator.gather(1).length;
        });
        Endpoint to = planes.get(0).endpoint();
        for (int i = 0; i < 20; i++) {
            SocketChannel stranger = SocketChannel.open(new InetSocketAddress(to.host(), to.port()));
            byte[] bytes = new byte[i * 100]; // the first says nothing
            new Random(i).nextBytes(bytes);
            stranger.write(
                    ByteBuffer.wrap(i % 2 == 0 ? bytes : "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII)));
            strangers.add(stranger);
        }
        for (CompletableFuture<Integer> rank : ranks) {
            assertThat(Ranks.get(rank)).isEqualTo(2);
        }
        for (SocketChannel stranger : strangers.subList(1, strangers.size())) {
            ByteBuffer answer = ByteBuffer.allocate(1000);
            while (stranger.read(answer) >= 0) {
                // until it is closed
            }
            assertThat(new String(answer.array(), 0, answer.position(), StandardCharsets.UTF_8))
                    .contains("does not begin as Troupe's data plane does");
        }
        for (SocketChannel stranger : strangers) {
            stranger.close();
        }
        group.forEach(Communicator::close);
    }

    @Test
    void groupsOnOneDataPlaneDoNotDisturbEachOther() {
        List<CompletableFuture<String>> done = new ArrayList<>();
        List<List<Communicator>> groups = new ArrayList<>();
        for (int g = 0; g < 6; g++) {
            List<Communicator> group = planes.group(TIMEOUT, 0, 1, 2);
            groups.add(group);
            if (g % 2 == 1) { // every other one fails
                done.add(Ranks.start(() -> {
                    group.get(0).close();
                    return "done";
                }));
                continue;
            }
            done.addAll(Ranks.start(group, communicator -> {
                for (int i = 1; i <= 20; i++) {
                    Tensor values = arena.allocate(10_000 * i);
                    values.segment()
                            .asByteBuffer()
                            .order(ByteOrder.nativeOrder())
                            .putFloat(0, i);
                    communicator.allReduce(values);
                    assertThat(values.get(0)).isEqualTo(3 * i);
                }
                return "done";
            }));
        }
        done.forEach(future -> assertThat(Ranks.get(future)).isEqualTo("done"));
        groups.forEach(group -> group.forEach(Communicator::close));
    }

    @Test
    void closingTheDataPlaneEndsItsGroups() throws InterruptedException {
        List<Communicator> group = planes.group(TIMEOUT, 0, 1, 1);
        List<CompletableFuture<String>> ranks = Ranks.start(group, allReduce(1000));
        Thread.sleep(50);
        planes.get(1).close();
        for (CompletableFuture<String> rank : ranks) {
            assertThat(Ranks.failure(rank)).isInstanceOf(CommunicationException.class);
        }
        assertThat(Ranks.failure(ranks.get(0))).hasMessageContaining("node-1");
        group.forEach(Communicator::close);
    }

    @Test
    void aJoinEndsWhenItsDataPlaneCloses() throws InterruptedException {
        CompletableFuture<Communicator> joining =
                Ranks.start(() -> planes.get(0).join(Planes.newName(), 0, planes.members(0, 1), TIMEOUT));
        Thread.sleep(50);
        planes.get(0).close();
        assertThat(Ranks.failure(joining)).isInstanceOf(CommunicationException.class);
    }
}
