package dev.troupe.actors.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class AnswerCarriersTest {
    private static final Duration LONG = Duration.ofMinutes(1);

    private final BlockingQueue<Throwable> failures = new LinkedBlockingQueue<>();
    private final AnswerCarriers carriers = new AnswerCarriers(task -> {
        Thread own = new Thread(task, "own");
        own.setUncaughtExceptionHandler((thread, failure) -> failures.add(failure));
        return own;
    });

    @AfterEach
    void stop() throws InterruptedException {
        carriers.shutdownNow();
        assertThat(carriers.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
    }

    /** Follows until it is told to leave. */
    private final class Follower implements AutoCloseable {
        final AtomicBoolean over = new AtomicBoolean();
        final Thread thread;

        Follower(String name) throws InterruptedException {
            thread = Thread.ofPlatform().name(name).start(() -> carriers.follow(over::get));
            while (thread.getState() != Thread.State.WAITING) { // it follows only then
                Thread.sleep(1);
            }
        }

        @Override
        public void close() {
            over.set(true);
            LockSupport.unpark(thread);
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** The name of the thread that does the next task. */
    private String carrier() throws InterruptedException {
        BlockingQueue<String> names = new LinkedBlockingQueue<>();
        carriers.execute(() -> names.add(Thread.currentThread().getName()));
        String name = names.take();
        awaitRest();
        return name;
    }

    /** Until nobody carries, who did is a follower again. */
    private void awaitRest() throws InterruptedException {
        while (true) {
            try (AnswerCarriers.Turn turn = carriers.take()) {
                if (turn.carries()) {
                    return;
                }
            }
            Thread.sleep(1);
        }
    }

    @Test
    void theLatestFollowerCarriesAndTheOwnThreadOnlyWithoutOne() throws InterruptedException {
        assertThat(carrier()).isEqualTo("own");
        try (Follower _ = new Follower("first")) {
            assertThat(carrier()).isEqualTo("first");
            try (Follower _ = new Follower("second")) {
                assertThat(List.of(carrier(), carrier())).containsOnly("second");
            }
            assertThat(carrier()).isEqualTo("first");
        }
        assertThat(carrier()).isEqualTo("own");
    }

    @Test
    void whoTakesTheQueueDoesWhatIsInItAndWhatComesOfIt() {
        List<String> done = new ArrayList<>();
        String me = Thread.currentThread().getName();
        try (AnswerCarriers.Turn turn = carriers.take()) {
            assertThat(turn.carries()).isTrue();
            carriers.execute(() -> {
                done.add("first by " + Thread.currentThread().getName());
                carriers.execute(
                        () -> done.add("third by " + Thread.currentThread().getName()));
            });
            carriers.execute(
                    () -> done.add("second by " + Thread.currentThread().getName()));
            try (AnswerCarriers.Turn late = carriers.take()) {
                late.carry(LONG); // it is another's turn
                assertThat(late.carries()).isFalse();
            }
            assertThat(done).isEmpty();
            turn.carry(LONG);
            assertThat(turn.carries()).isFalse();
        }
        assertThat(done).containsExactly("first by " + me, "second by " + me, "third by " + me);
    }

    @Test
    void whatIsLeftWhenATurnIsOverIsDoneByAnother() throws InterruptedException {
        BlockingQueue<String> names = new LinkedBlockingQueue<>();
        Runnable task = () -> {
            LockSupport.parkNanos(2_000_000);
            names.add(Thread.currentThread().getName());
        };
        try (AnswerCarriers.Turn turn = carriers.take()) {
            carriers.execute(task);
            carriers.execute(task);
            turn.carry(Duration.ofNanos(1));
            assertThat(turn.carries()).isTrue();
        }
        List<String> both = List.of(names.take(), names.take());
        assertThat(both).last().isEqualTo("own");
        assertThat(both).first().isIn("own", Thread.currentThread().getName());
    }

    /** As a step that is wanted by what it carries. */
    @Test
    void aFollowerThatLeavesHasOthersDoWhatIsLeft() throws InterruptedException {
        BlockingQueue<String> names = new LinkedBlockingQueue<>();
        try (Follower follower = new Follower("follower")) {
            carriers.execute(() -> {
                follower.over.set(true);
                carriers.execute(() -> names.add(Thread.currentThread().getName()));
                names.add(Thread.currentThread().getName());
            });
            assertThat(List.of(names.take(), names.take())).containsExactly("follower", "own");
        }
    }

    @Test
    void aTaskThatThrowsIsNotTheEndOfItsCarrier() throws InterruptedException {
        throwOn("own");
        try (Follower _ = new Follower("follower")) {
            throwOn("follower");
        }
    }

    private void throwOn(String expected) throws InterruptedException {
        carriers.execute(() -> {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(expected);
        });
        BlockingQueue<Boolean> interrupted = new LinkedBlockingQueue<>();
        carriers.execute(() -> interrupted.add(Thread.currentThread().isInterrupted()));
        assertThat(interrupted.take()).as("the next task is interrupted").isFalse();
        awaitRest();
        assertThat(carrier()).isEqualTo(expected);
        assertThat(failures.take()).hasMessage(expected);
    }

    @Test
    void aTaskKnowsWhoseItIs() throws InterruptedException {
        assertThat(AnswerCarriers.current()).isEmpty();
        BlockingQueue<Boolean> known = new LinkedBlockingQueue<>();
        Runnable task = () ->
                known.add(AnswerCarriers.current().filter(carriers::equals).isPresent());
        carriers.execute(task);
        assertThat(known.take()).isTrue();
        awaitRest();
        try (AnswerCarriers.Turn turn = carriers.take()) {
            carriers.execute(task);
            turn.carry(LONG);
        }
        assertThat(known.take()).isTrue();
        assertThat(AnswerCarriers.current()).isEmpty();
    }

    @Test
    void whatWasGivenBeforeTheEndIsDone() throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        AtomicInteger done = new AtomicInteger();
        try (Follower _ = new Follower("follower")) {
            carriers.execute(() -> {
                begun.countDown();
                awaitQuietly(goOn);
                done.incrementAndGet();
            });
            carriers.execute(done::incrementAndGet);
            begun.await();
            carriers.shutdown();
            assertThat(carriers.isShutdown()).isTrue();
            assertThatExceptionOfType(RejectedExecutionException.class)
                    .isThrownBy(() -> carriers.execute(done::incrementAndGet));
            assertThat(carriers.awaitTermination(20, TimeUnit.MILLISECONDS)).isFalse();
            goOn.countDown();
            assertThat(carriers.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
            assertThat(done).hasValue(2);
        }
    }

    @Test
    void whatIsNotBegunIsGivenBackAtOnce() throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        AtomicInteger done = new AtomicInteger();
        Runnable second = done::incrementAndGet;
        carriers.execute(() -> {
            begun.countDown();
            awaitQuietly(goOn);
        });
        carriers.execute(second);
        begun.await();
        assertThat(carriers.shutdownNow()).containsExactly(second);
        goOn.countDown();
        assertThat(carriers.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
        assertThat(done).hasValue(0);
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Four threads give tasks that give tasks, while others follow, leave, and take the queue, as it happens. */
    @Test
    void everyTaskIsDoneOnceOneAtATimeInOrder() throws InterruptedException {
        int givers = 4;
        int each = 20_000;
        AtomicBoolean ended = new AtomicBoolean();
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger overlaps = new AtomicInteger();
        List<List<Integer>> done = // by whoever carries, one at a time
                Stream.generate(() -> (List<Integer>) new ArrayList<Integer>())
                        .limit(givers)
                        .toList();
        CountDownLatch left = new CountDownLatch(givers * each);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < givers; i++) {
            int giver = i;
            threads.add(Thread.ofPlatform().start(() -> {
                for (int n = 0; n < each; n += 2) {
                    int number = n;
                    carriers.execute(() -> {
                        overlaps.addAndGet(inside.getAndIncrement());
                        done.get(giver).add(number);
                        carriers.execute(left::countDown);
                        inside.decrementAndGet();
                        left.countDown();
                    });
                }
            }));
        }
        for (int i = 0; i < 2; i++) {
            Random random = new Random(i);
            threads.add(Thread.ofPlatform().start(() -> {
                while (!ended.get()) {
                    int tasks = random.nextInt(8);
                    AtomicInteger looks = new AtomicInteger();
                    if (random.nextBoolean()) {
                        LockSupport.unpark(Thread.currentThread());
                        carriers.follow(() -> ended.get() || looks.incrementAndGet() > tasks);
                    } else {
                        try (AnswerCarriers.Turn turn = carriers.take()) {
                            turn.carry(Duration.ofNanos(random.nextInt(20_000)));
                        }
                    }
                }
            }));
        }
        left.await();
        ended.set(true);
        for (Thread thread : threads) {
            LockSupport.unpark(thread);
            thread.join();
        }
        assertThat(overlaps).hasValue(0);
        assertThat(failures).isEmpty();
        for (List<Integer> numbers : done) {
            assertThat(numbers).hasSize(each / 2).isSorted();
        }
    }
}
