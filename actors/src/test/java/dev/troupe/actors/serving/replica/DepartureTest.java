package dev.troupe.actors.serving.replica;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DepartureTest {
    private final ExecutorService answers = Executors.newSingleThreadExecutor();

    @AfterEach
    void stop() {
        answers.shutdownNow();
    }

    /** What is carried from task to task, as a token from an actor through streams to its socket. */
    private static void carry(Executor on, int hops, AtomicInteger left) {
        left.set(hops);
        on.execute(new Runnable() {
            @Override
            public void run() {
                if (left.decrementAndGet() > 0) {
                    on.execute(this);
                }
            }
        });
    }

    @Test
    void whatWasToldBeforeHasLeft() {
        AtomicInteger left = new AtomicInteger();
        for (int turn = 0; turn < 200; turn++) {
            carry(answers, Departure.HOPS, left);
            new Departure(answers, TimeUnit.SECONDS.toNanos(10)).await();
            assertThat(left).as("hops of turn %d that are left", turn).hasValue(0);
        }
    }

    @Test
    void anExecutorThatIsStuckIsNotWaitedFor() {
        CountDownLatch stuck = new CountDownLatch(1);
        answers.execute(() -> {
            try {
                stuck.await();
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        });
        assertTimeoutPreemptively(Duration.ofSeconds(10), () -> new Departure(answers).await());
        stuck.countDown();
    }

    @Test
    void anExecutorThatHasEndedIsNotWaitedFor() {
        answers.shutdownNow();
        assertTimeoutPreemptively(
                Duration.ofSeconds(10), () -> new Departure(answers, TimeUnit.MINUTES.toNanos(1)).await());
    }

    /** It ends between two hops: on the thread that carries, not on the one that waits. */
    @Test
    void anExecutorThatEndsMeanwhileIsNotWaitedFor() {
        AtomicInteger given = new AtomicInteger();
        Executor ends = task -> {
            if (given.incrementAndGet() == Departure.HOPS / 2) {
                throw new RejectedExecutionException("ended");
            }
            answers.execute(task);
        };
        assertTimeoutPreemptively(
                Duration.ofSeconds(10), () -> new Departure(ends, TimeUnit.MINUTES.toNanos(1)).await());
        assertThat(given).hasValue(Departure.HOPS / 2);
    }
}
