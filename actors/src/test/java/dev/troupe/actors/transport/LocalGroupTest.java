package dev.troupe.actors.transport;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.parallel.CommunicationException;
import dev.troupe.model.parallel.Communicator;
import dev.troupe.model.parallel.SoloCommunicator;
import dev.troupe.model.tensor.NativeMemory;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Ranks that are threads of one JVM. */
class LocalGroupTest extends CommunicatorContract {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    @Override
    List<Communicator> group(int size) {
        return LocalGroup.create(size, TIMEOUT);
    }

    @Test
    void aGroupOfOneNeedsNoLinks() {
        assertThat(LocalGroup.create(1, TIMEOUT).getFirst()).isInstanceOf(SoloCommunicator.class);
    }

    @Test
    void aRankThatDoesNotComeIsNamedWhenTimeIsUp() {
        List<Communicator> group = LocalGroup.create(3, Duration.ofMillis(200));
        try (TensorArena arena = TensorArena.open("test.collective")) {
            List<CompletableFuture<String>> two = Ranks.start(group.subList(0, 2), communicator -> {
                communicator.allReduce(arena.allocate(100_000));
                return "done";
            });
            for (CompletableFuture<String> future : two) {
                assertThat(Ranks.failure(future))
                        .isInstanceOf(CommunicationException.class)
                        .hasMessageContaining("did not answer within 200 ms");
            }
            assertThat(Ranks.failure(Ranks.start(() -> group.get(2).gather(1))))
                    .as("a rank that comes late")
                    .isInstanceOf(CommunicationException.class)
                    .hasMessageContaining("did not answer");
        } finally {
            group.forEach(Communicator::close);
        }
    }

    @Test
    void closingEndsCallsUnderWayOnAllRanks() throws InterruptedException {
        List<Communicator> group = LocalGroup.create(3, TIMEOUT);
        try (TensorArena arena = TensorArena.open("test.collective")) {
            List<CompletableFuture<String>> two = Ranks.start(group.subList(0, 2), communicator -> {
                communicator.allReduce(arena.allocate(100_000));
                return "done";
            });
            Thread.sleep(50); // both wait for rank 2 now
            long start = System.nanoTime();
            group.get(1).close();
            for (CompletableFuture<String> future : two) {
                assertThat(Ranks.failure(future)).isInstanceOf(CommunicationException.class);
            }
            assertThat(Ranks.failure(two.get(0))).hasMessageContaining("rank 1");
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
        } finally {
            group.forEach(Communicator::close);
        }
    }

    @Test
    void aRankThatHasLeftIsNamed() {
        List<Communicator> group = LocalGroup.create(2, TIMEOUT);
        try (TensorArena arena = TensorArena.open("test.collective")) {
            group.get(1).close();
            assertThat(Ranks.failure(Ranks.start(() -> {
                        group.get(0).allReduce(arena.allocate(5));
                        return "done";
                    })))
                    .isInstanceOf(CommunicationException.class)
                    .hasMessageContaining("rank 1 (this process) left");
            assertThat(Ranks.failure(Ranks.start(() -> group.get(1).gather(1)))).hasMessageContaining("closed");
        } finally {
            group.forEach(Communicator::close);
        }
    }

    @Test
    void ranksThatDoNotDoTheSameFindOut() {
        List<Communicator> group = LocalGroup.create(2, TIMEOUT);
        try (TensorArena arena = TensorArena.open("test.collective")) {
            Tensor[] values = {arena.allocate(64), arena.allocate(96)};
            for (CompletableFuture<String> future : Ranks.start(group, communicator -> {
                communicator.allReduce(values[communicator.rank()]);
                return "done";
            })) {
                assertThat(Ranks.failure(future))
                        .isInstanceOf(CommunicationException.class)
                        .hasMessageContaining("bytes of all-reduce");
            }
        } finally {
            group.forEach(Communicator::close);
        }
    }

    @Test
    void closingReleasesAllMemory() {
        for (int i = 0; i < 50; i++) {
            List<Communicator> group = LocalGroup.create(3, TIMEOUT);
            Ranks.run(group, communicator -> communicator.gather(communicator.rank()));
            group.forEach(Communicator::close);
        }
        assertThat(NativeMemory.bytes(RankLinks.MEMORY_OWNER)).isZero();
    }
}
