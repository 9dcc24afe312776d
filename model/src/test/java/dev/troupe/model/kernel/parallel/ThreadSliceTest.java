package dev.troupe.model.kernel.parallel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.junit.jupiter.api.Test;

class ThreadSliceTest {
    @Test
    void aThreadGetsAShortSliceForItselfAlone() throws InterruptedException {
        long usual = ThreadSlice.nanos();
        assumeTrue(usual > 0, "this system does not say how long slices are (Linux 6.12 and later do)");
        BlockingQueue<Long> slices = new ArrayBlockingQueue<>(2);
        Thread thread = new Thread(() -> {
            assertThat(ThreadSlice.shorten()).isTrue();
            slices.add(ThreadSlice.nanos());
            new Thread(() -> slices.add(ThreadSlice.nanos())).start();
        });
        thread.start();
        thread.join();
        assertThat(slices.take()).isEqualTo(100_000).isLessThan(usual);
        assertThat(slices.take()).as("of a thread that it starts").isEqualTo(usual);
        assertThat(ThreadSlice.nanos()).isEqualTo(usual);
    }

    @Test
    void aThreadGoesFirstWhereItMay() throws InterruptedException {
        long usual = ThreadSlice.policy();
        BlockingQueue<Boolean> granted = new ArrayBlockingQueue<>(1);
        BlockingQueue<Long> policies = new ArrayBlockingQueue<>(1);
        Thread thread = new Thread(() -> {
            granted.add(ThreadSlice.first());
            policies.add(ThreadSlice.policy());
        });
        thread.start();
        thread.join();
        assumeTrue(granted.take(), "this system lets no thread of this user go first");
        assertThat(policies.take()).isEqualTo(1L).isNotEqualTo(usual);
        assertThat(ThreadSlice.policy()).isEqualTo(usual);
    }
}
