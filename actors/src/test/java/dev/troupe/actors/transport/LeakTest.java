package dev.troupe.actors.transport;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.parallel.Communicator;
import dev.troupe.model.tensor.NativeMemory;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** Groups that come and go leave nothing behind. */
class LeakTest {
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");
    private static final int WARM_UP = 20;
    private static final int CYCLES = 200;
    /** Of the JVM itself: compiler threads, a class file that is open. */
    private static final int SLACK = 5;

    @Test
    void twoHundredGroupsLeaveNoMemoryThreadsAndDescriptors() throws IOException {
        Assumptions.assumeTrue(Files.isDirectory(DESCRIPTORS), "skipped: there is no /proc on this system");
        try (Planes planes = new Planes(2);
                TensorArena arena = TensorArena.open("test.transport")) {
            Tensor[] values = {arena.allocate(1000), arena.allocate(1000), arena.allocate(1000)};
            for (int i = 0; i < WARM_UP; i++) {
                cycle(planes, values, i);
            }
            long descriptors = descriptors();
            int threads = Thread.activeCount();
            for (int i = 0; i < CYCLES; i++) {
                cycle(planes, values, i);
            }
            assertThat(NativeMemory.bytes(RankLinks.MEMORY_OWNER)).isZero();
            assertThat(descriptors()).isLessThanOrEqualTo(descriptors + SLACK);
            assertThat(Thread.activeCount()).isLessThanOrEqualTo(threads + SLACK);
        }
    }

    /** Joined, used, and closed in good order or in the middle of an operation. */
    private static void cycle(Planes planes, Tensor[] values, int i) {
        List<Communicator> group = planes.group(Duration.ofSeconds(20), 0, 1, 1);
        Ranks.run(group, communicator -> {
            communicator.allReduce(values[communicator.rank()]);
            return communicator.gather(1, 2);
        });
        if (i % 2 == 0) {
            var waiting = Ranks.start(() -> group.get(0).gather(1));
            group.get(2).close();
            Ranks.failure(waiting);
        }
        group.forEach(Communicator::close);
    }

    private static long descriptors() throws IOException {
        try (Stream<Path> files = Files.list(DESCRIPTORS)) {
            return files.count();
        }
    }
}
