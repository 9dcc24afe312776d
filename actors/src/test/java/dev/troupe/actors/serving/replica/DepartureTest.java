package dev.troupe.actors.serving.replica;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

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
    @Timeout(10)
    void anExecutorThatIsStuckIsNotWaitedFor() throws InterruptedException {
        CountDownLatch stuck = new CountDownLatch(1);
        answers.execute(() -> {
            try {
                stuck.await();
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        });
        new Departure(answers).await();
        assertThat(stuck.getCount()).isOne();
        stuck.countDown();
        answers.shutdown();
        assertThat(answers.awaitTermination(5, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    @Timeout(10)
    void anExecutorThatHasEndedIsNotWaitedFor() {
        answers.shutdownNow();
        assertThatCode(() -> new Departure(answers).await()).doesNotThrowAnyException();
    }
}
