package dev.troupe.model.kernel.parallel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@Timeout(60)
class FixedComputePoolTest {
    @Test
    void runsEveryIndexOnce() {
        try (FixedComputePool pool = FixedComputePool.create(3)) {
            for (int count : new int[] {0, 1, 2, 3, 17, 1000}) {
                for (int repeat = 0; repeat < 300; repeat++) {
                    AtomicIntegerArray runs = new AtomicIntegerArray(count);
                    pool.run(count, runs::incrementAndGet);
                    for (int i = 0; i < count; i++) {
                        assertThat(runs.get(i)).isOne();
                    }
                }
            }
        }
    }

    @Test
    void wakesThreadsThatSleep() {
        try (FixedComputePool pool = FixedComputePool.create(2)) {
            for (int repeat = 0; repeat < 20; repeat++) {
                LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
                AtomicInteger meeting = new AtomicInteger();
                // Each waits for the other: ends only when two threads take part.
                pool.run(2, i -> {
                    meeting.incrementAndGet();
                    while (meeting.get() < 2) {
                        Thread.onSpinWait();
                    }
                });
            }
        }
    }

    @Test
    void manyCallersShareIt() throws InterruptedException {
        try (FixedComputePool pool = FixedComputePool.create(2)) {
            AtomicInteger sum = new AtomicInteger();
            List<Thread> callers = new ArrayList<>();
            for (int c = 0; c < 4; c++) {
                callers.add(Thread.ofPlatform().start(() -> {
                    for (int repeat = 0; repeat < 2000; repeat++) {
                        pool.run(5, sum::addAndGet);
                    }
                }));
            }
            for (Thread caller : callers) {
                caller.join();
            }
            assertThat(sum.get()).isEqualTo(4 * 2000 * 10);
        }
    }

    @Test
    void nestedCallsRunInline() {
        try (FixedComputePool pool = FixedComputePool.create(2)) {
            AtomicInteger runs = new AtomicInteger();
            pool.run(4, i -> pool.run(4, j -> runs.incrementAndGet()));
            assertThat(runs.get()).isEqualTo(16);
        }
    }

    @Test
    void theFirstFailureIsThrownAfterAllHaveEnded() {
        try (FixedComputePool pool = FixedComputePool.create(2)) {
            for (int repeat = 0; repeat < 200; repeat++) {
                AtomicInteger ended = new AtomicInteger();
                assertThatThrownBy(() -> pool.run(8, i -> {
                            ended.incrementAndGet();
                            if (i == 3) {
                                throw new IllegalArgumentException("index 3");
                            }
                        }))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage("index 3");
                assertThat(ended.get()).isEqualTo(8);
            }
            AtomicInteger after = new AtomicInteger();
            pool.run(8, i -> after.incrementAndGet());
            assertThat(after.get()).isEqualTo(8);
        }
    }

    @Test
    void aClosedPoolRefusesWork() {
        FixedComputePool pool = FixedComputePool.create(2);
        pool.close();
        assertThatThrownBy(() -> pool.run(2, i -> {})).isInstanceOf(IllegalStateException.class);
    }

    @Test
    @EnabledOnOs(value = OS.LINUX, disabledReason = "other systems do not pin threads")
    void eachOfAPinnedPoolsThreadsStaysOnOneProcessor() {
        String before = ThreadPlace.allowedProcessors();
        for (int repeat = 0; repeat < 2; repeat++) {
            Map<Thread, String> allowed = new ConcurrentHashMap<>();
            CountDownLatch all = new CountDownLatch(2);
            try (FixedComputePool pool = FixedComputePool.create(2, true)) {
                pool.run(2, _ -> {
                    allowed.put(Thread.currentThread(), ThreadPlace.allowedProcessors());
                    all.countDown();
                    awaitUninterruptibly(all);
                });
            }
            assertThat(allowed.remove(Thread.currentThread())).isEqualTo(before);
            assertThat(allowed.values()).singleElement().asString().matches("\\d+");
        }
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
