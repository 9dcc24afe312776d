package dev.troupe.actors.serving.replica;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import java.time.Duration;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
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

    private static void leave(Executor answers, Duration most) {
        try (Departure.Telling told = new Departure(Optional.of(answers), Optional.empty(), most).begin(true)) {
            told.await();
        }
    }

    @Test
    void whatWasToldBeforeHasLeft() {
        AtomicInteger left = new AtomicInteger();
        for (int turn = 0; turn < 200; turn++) {
            carry(answers, Departure.HOPS, left);
            leave(answers, Duration.ofSeconds(10));
            assertThat(left).as("hops of turn %d that are left", turn).hasValue(0);
        }
    }

    /** Unless another carries already. */
    @Test
    void whoWaitsCarriesItself() throws InterruptedException {
        ActorTestKit kit = ActorTestKit.create(OneAnswerThread.CONFIG);
        try {
            Executor dispatcher = OneAnswerThread.inhabited(kit);
            Departure departure = new Departure(
                    Optional.of(dispatcher), Optional.of(OneAnswerThread.carriers(dispatcher)), Duration.ofSeconds(10));
            Queue<Thread> by = new ConcurrentLinkedQueue<>();
            AtomicInteger left = new AtomicInteger();
            int mine = 0;
            for (int turn = 0; turn < 200; turn++) {
                try (Departure.Telling told = departure.begin(true)) {
                    dispatcher.execute(() -> by.add(Thread.currentThread()));
                    carry(dispatcher, Departure.HOPS, left);
                    told.await();
                }
                assertThat(left).as("hops of turn %d that are left", turn).hasValue(0);
                mine += Thread.currentThread().equals(by.remove()) ? 1 : 0;
            }
            assertThat(mine).as("of 200 turns").isGreaterThan(100);

            try (Departure.Telling told = departure.begin(false)) {
                dispatcher.execute(() -> by.add(Thread.currentThread()));
                told.await();
            }
            assertThat(by.remove()).as("where nobody was to wait").isNotEqualTo(Thread.currentThread());
        } finally {
            kit.shutdownTestKit();
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
        assertTimeoutPreemptively(Duration.ofSeconds(10), () -> leave(answers, Duration.ofMillis(1)));
        stuck.countDown();
    }

    @Test
    void anExecutorThatHasEndedIsNotWaitedFor() {
        answers.shutdownNow();
        assertTimeoutPreemptively(Duration.ofSeconds(10), () -> leave(answers, Duration.ofMinutes(1)));
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
        assertTimeoutPreemptively(Duration.ofSeconds(10), () -> leave(ends, Duration.ofMinutes(1)));
        assertThat(given).hasValue(Departure.HOPS / 2);
    }
}
