package dev.troupe.actors.dispatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.typed.DispatcherSelector;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class WaitingThreadTest {
    private static final int TASKS = 20_000; // of each of two threads
    private static final int SOON = 10; // seconds

    private final List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());

    private Thread newThread(Runnable work) {
        Thread thread = new Thread(work, "waiting");
        thread.setUncaughtExceptionHandler((failed, failure) -> failures.add(failure));
        return thread;
    }

    /** Waits for a selector again and again, as Akka does: each time behind what is there by then. */
    private static final class Selecting implements Runnable, AutoCloseable {
        final Selector selector;
        final AtomicInteger looks = new AtomicInteger();
        private final WaitingThread thread;

        Selecting(WaitingThread thread) throws IOException {
            this.thread = thread;
            selector = Selector.open();
        }

        @Override
        public void run() {
            if (!selector.isOpen()) {
                return;
            }
            try {
                selector.select();
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
            looks.incrementAndGet();
            thread.execute(this, true);
        }

        @Override
        public void close() throws IOException {
            selector.close();
        }
    }

    @Test
    void whatComesWhileItWaitsIsDoneInOrderAndSeesNoInterrupt() throws Exception {
        WaitingThread thread = new WaitingThread(this::newThread);
        List<Integer> first = new ArrayList<>();
        List<Integer> second = new ArrayList<>();
        AtomicBoolean interrupted = new AtomicBoolean();
        try (Selecting selecting = new Selecting(thread)) {
            thread.execute(selecting, true);
            CountDownLatch done = new CountDownLatch(2 * TASKS);
            List<Thread> givers = new ArrayList<>();
            for (List<Integer> order : List.of(first, second)) {
                givers.add(Thread.ofPlatform().start(() -> {
                    for (int i = 0; i < TASKS; i++) {
                        int number = i;
                        thread.execute(
                                () -> {
                                    if (Thread.currentThread().isInterrupted()) {
                                        interrupted.set(true);
                                    }
                                    order.add(number);
                                    done.countDown();
                                },
                                false);
                        if (i % 16 == 0) {
                            Thread.onSpinWait();
                        }
                    }
                }));
            }
            for (Thread giver : givers) {
                giver.join();
            }
            assertThat(done.await(SOON, TimeUnit.SECONDS)).isTrue();
            assertThat(interrupted).isFalse();
            assertThat(first).hasSize(TASKS).isSorted();
            assertThat(second).hasSize(TASKS).isSorted();
            assertThat(selecting.looks.get()).isPositive();
        }
        thread.close();
        assertThat(thread.join(TimeUnit.SECONDS.toMillis(SOON))).isTrue();
        assertThat(failures).isEmpty();
    }

    /** One task at a time, each only when the thread waits already: so each has to wake it. */
    @Test
    void itWaitsWhileThereIsNothingAndWakesForEachTask() throws Exception {
        WaitingThread thread = new WaitingThread(this::newThread);
        try (Selecting selecting = new Selecting(thread)) {
            thread.execute(selecting, true);
            for (int i = 0; i < 500; i++) {
                CompletableFuture<Boolean> done = new CompletableFuture<>();
                thread.execute(() -> done.complete(true), false);
                assertThat(done.get(SOON, TimeUnit.SECONDS)).isTrue();
            }
            Thread.sleep(50);
            int looks = selecting.looks.get();
            Thread.sleep(100);
            assertThat(selecting.looks.get()).as("it looks without end").isLessThanOrEqualTo(looks + 1);
        }
        thread.close();
        assertThat(thread.join(TimeUnit.SECONDS.toMillis(SOON))).isTrue();
    }

    @Test
    void aTaskThatWaitsOnlyLooksWhenThereAreOthers() throws Exception {
        WaitingThread thread = new WaitingThread(this::newThread);
        CountDownLatch given = new CountDownLatch(1);
        CompletableFuture<Long> waited = new CompletableFuture<>();
        CompletableFuture<Boolean> after = new CompletableFuture<>();
        try (Selector selector = Selector.open()) {
            thread.execute(() -> await(given), false);
            thread.execute(
                    () -> {
                        long start = System.nanoTime();
                        try {
                            selector.select(TimeUnit.SECONDS.toMillis(SOON));
                        } catch (IOException e) {
                            throw new IllegalStateException(e);
                        }
                        waited.complete(System.nanoTime() - start);
                    },
                    true);
            thread.execute(() -> after.complete(Thread.currentThread().isInterrupted()), false);
            given.countDown();
            assertThat(waited.get(SOON, TimeUnit.SECONDS)).isLessThan(TimeUnit.SECONDS.toNanos(SOON / 2));
            assertThat(after.get(SOON, TimeUnit.SECONDS)).isFalse();
        } finally {
            thread.close();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aFailureIsItsTasksOwn() throws Exception {
        WaitingThread thread = new WaitingThread(this::newThread);
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        thread.execute(
                () -> {
                    throw new IllegalStateException("mine");
                },
                false);
        thread.execute(
                () -> {
                    throw new IllegalStateException("waiting");
                },
                true);
        thread.execute(() -> sneak(new InterruptedException("undeclared")), false);
        thread.execute(() -> Thread.currentThread().interrupt(), false);
        thread.execute(() -> done.complete(Thread.currentThread().isInterrupted()), false);
        assertThat(done.get(SOON, TimeUnit.SECONDS)).isFalse();
        for (int i = 0; i < 1000 && failures.size() < 3; i++) { // told on threads of their own
            Thread.sleep(5);
        }
        assertThat(failures)
                .extracting(Throwable::getMessage)
                .containsExactlyInAnyOrder("mine", "waiting", "undeclared");
        thread.close();
        assertThat(thread.join(TimeUnit.SECONDS.toMillis(SOON))).isTrue();
        assertThatThrownBy(() -> thread.execute(() -> {}, false)).isInstanceOf(RejectedExecutionException.class);
    }

    /** As Scala's code throws checked exceptions. */
    @SuppressWarnings("unchecked")
    private static <E extends Exception> void sneak(Exception e) throws E {
        throw (E) e;
    }

    /** Either it is done or it is refused, however close the end is. */
    @Test
    void noTaskIsLostAtTheEnd() throws Exception {
        for (int round = 0; round < 300; round++) {
            WaitingThread thread = new WaitingThread(this::newThread);
            AtomicInteger done = new AtomicInteger();
            CompletableFuture<Integer> taken = CompletableFuture.supplyAsync(() -> {
                int count = 0;
                try {
                    while (true) {
                        thread.execute(done::incrementAndGet, false);
                        count++;
                    }
                } catch (RejectedExecutionException e) {
                    return count;
                }
            });
            thread.close();
            int count = taken.get(SOON, TimeUnit.SECONDS);
            assertThat(thread.join(TimeUnit.SECONDS.toMillis(SOON))).isTrue();
            assertThat(done.get()).as("round %d", round).isEqualTo(count);
        }
    }

    @Test
    void aSharedThreadEndsWithItsLastUser() throws Exception {
        SharedThread shared = SharedThread.of(this);
        assertThat(SharedThread.of(this)).isSameAs(shared);
        assertThat(SharedThread.of(new Object())).isNotSameAs(shared);
        ExecutorService answers = shared.open(this::newThread, false);
        ExecutorService sockets = shared.open(this::newThread, true);
        Thread thread = answers.submit(Thread::currentThread).get(SOON, TimeUnit.SECONDS);
        assertThat(sockets.submit(Thread::currentThread).get(SOON, TimeUnit.SECONDS))
                .isSameAs(thread);
        answers.shutdown();
        answers.shutdown();
        assertThat(answers.isShutdown()).isTrue();
        assertThat(answers.isTerminated()).isFalse();
        assertThat(sockets.submit(() -> 1).get(SOON, TimeUnit.SECONDS)).isEqualTo(1);
        sockets.shutdown();
        assertThat(sockets.awaitTermination(SOON, TimeUnit.SECONDS)).isTrue();
        assertThat(answers.isTerminated()).isTrue();
        ExecutorService again = shared.open(this::newThread, false);
        assertThat(again.submit(Thread::currentThread).get(SOON, TimeUnit.SECONDS))
                .isNotSameAs(thread);
        again.shutdown();
        assertThat(again.awaitTermination(SOON, TimeUnit.SECONDS)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"1, true", "2, false"})
    void whereAnswersHaveOneThreadItWaitsForSocketsToo(int numThreads, boolean same) throws Exception {
        ActorTestKit kit = ActorTestKit.create(
                ConfigFactory.parseString("troupe.dispatchers.answers.thread-pool-executor { core-pool-size-min = "
                                + numThreads + ", core-pool-size-max = " + numThreads + " }")
                        .withFallback(ConfigFactory.load()));
        try {
            List<Thread> threads = new ArrayList<>();
            for (String dispatcher : List.of("answers", "sockets")) {
                CompletableFuture<Thread> thread = new CompletableFuture<>();
                kit.system()
                        .dispatchers()
                        .lookup(DispatcherSelector.fromConfig("troupe.dispatchers." + dispatcher))
                        .execute(() -> thread.complete(Thread.currentThread()));
                threads.add(thread.get(SOON, TimeUnit.SECONDS));
            }
            assertThat(threads.getFirst() == threads.getLast()).isEqualTo(same);
            assertThat(AnswerThreads.alone(kit.system()).isPresent()).isEqualTo(same);
        } finally {
            kit.shutdownTestKit();
        }
    }
}
