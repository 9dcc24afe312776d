package dev.troupe.actors.transport;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.parallel.CommunicationException;
import dev.troupe.model.parallel.Communicator;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Three ranks, the last in a JVM of its own that is killed, or stopped, in the middle of an operation. */
class KilledPeerTest {
    static final int SIZE = 2_000_000;

    private static final Duration TIMEOUT = Duration.ofSeconds(20);

    /** Whole numbers, whose sums are exact. */
    static void fill(Tensor values, int rank) {
        for (int i = 0; i < values.size(); i += 1000) {
            values.set(i, i % 1001 + rank);
        }
        values.set(values.size() - 1, rank + 1);
    }

    @Test
    void allOtherRanksNameAKilledPeerAtOnce() throws IOException, InterruptedException {
        try (PeerProcess peer = PeerProcess.start();
                Planes planes = new Planes(2);
                TensorArena arena = TensorArena.open("test.transport")) {
            List<Communicator> group = group(planes, peer, TIMEOUT);
            CountDownLatch working = new CountDownLatch(6);
            List<CompletableFuture<String>> ranks = Ranks.start(group, addUp(arena, working));
            assertThat(working.await(30, TimeUnit.SECONDS)).isTrue();
            long start = System.nanoTime();
            peer.kill();
            for (CompletableFuture<String> rank : ranks) {
                assertThat(Ranks.failure(rank))
                        .isInstanceOf(CommunicationException.class)
                        .hasMessageContaining("rank 2 (node-child) was lost");
            }
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(1));
            group.forEach(Communicator::close);
        }
    }

    @Test
    void aStoppedPeerEndsTheGroupWhenTimeIsUp() throws IOException, InterruptedException {
        try (PeerProcess peer = PeerProcess.start();
                Planes planes = new Planes(2);
                TensorArena arena = TensorArena.open("test.transport")) {
            Duration timeout = Duration.ofSeconds(3);
            List<Communicator> group = group(planes, peer, timeout);
            CountDownLatch working = new CountDownLatch(2);
            List<CompletableFuture<String>> ranks = Ranks.start(group, addUp(arena, working));
            assertThat(working.await(30, TimeUnit.SECONDS)).isTrue();
            long start = System.nanoTime();
            peer.stop();
            for (CompletableFuture<String> rank : ranks) {
                assertThat(Ranks.failure(rank))
                        .isInstanceOf(CommunicationException.class)
                        .hasMessageContaining("did not answer within 3000 ms");
            }
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .isBetween(Duration.ofSeconds(2), Duration.ofSeconds(6));
            group.forEach(Communicator::close);
        }
    }

    private static Ranks.Body<String> addUp(TensorArena arena, CountDownLatch working) {
        return communicator -> {
            Tensor values = arena.allocate(SIZE);
            while (true) {
                fill(values, communicator.rank());
                communicator.allReduce(values);
                assertThat(values.get(5000)).isEqualTo(3 * (5000 % 1001) + 3);
                assertThat(values.get(SIZE - 1)).isEqualTo(1 + 2 + 3);
                working.countDown();
            }
        };
    }

    private static List<Communicator> group(Planes planes, PeerProcess peer, Duration timeout) throws IOException {
        List<Endpoint> members = new ArrayList<>(planes.members(0, 1));
        members.add(peer.endpoint());
        String name = Planes.newName();
        peer.join(name, members);
        CompletableFuture<Communicator> first = Ranks.start(() -> planes.get(0).join(name, 0, members, timeout));
        Communicator second = planes.get(1).join(name, 1, members, timeout);
        return List.of(Ranks.get(first), second);
    }
}
