package dev.troupe.actors.serving.replica;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import dev.troupe.actors.serving.AnswerCarriers;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class StepsThreadTest {
    private static final ActorTestKit KIT = ActorTestKit.create(OneAnswerThread.CONFIG);

    private final Executor answers = OneAnswerThread.inhabited(KIT);
    private final AnswerCarriers carriers = OneAnswerThread.carriers(answers);

    @AfterAll
    static void stop() {
        KIT.shutdownTestKit();
    }

    private static Thread threadOf(Executor executor) {
        return CompletableFuture.supplyAsync(Thread::currentThread, executor).join();
    }

    private StepsThread carrying() {
        StepsThread steps = new StepsThread();
        steps.carry(carriers);
        return steps;
    }

    /** A thread of steps is a follower once it sleeps; before that another one carries. */
    private void awaitCarrier(Thread thread) throws InterruptedException {
        while (!threadOf(answers).equals(thread)) {
            Thread.sleep(1);
        }
    }

    /** What is behind it in the queue is done beside the step, which waits for it here. */
    @Test
    void aStepBeginsOnTheThreadThatCarriedWhatBringsIt() throws Exception {
        StepsThread steps = carrying();
        Thread thread = threadOf(steps);
        awaitCarrier(thread);
        CompletableFuture<Thread> request = new CompletableFuture<>();
        CompletableFuture<Thread> rest = new CompletableFuture<>();
        CompletableFuture<Thread> step = new CompletableFuture<>();
        answers.execute(() -> {
            answers.execute(() -> rest.complete(Thread.currentThread()));
            steps.execute(() -> {
                rest.join();
                step.complete(Thread.currentThread());
            });
            request.complete(Thread.currentThread());
        });
        assertThat(List.of(request.get(), step.get())).containsOnly(thread);
        assertThat(rest.get()).isNotEqualTo(thread);
        awaitCarrier(thread);
        steps.shutdown();
        assertThat(thread.join(Duration.ofSeconds(30))).isTrue();
        assertThat(threadOf(answers)).isNotEqualTo(thread);
    }

    @Test
    void aThreadOfStepsThatIsBusyLeavesAnswersToOthers() throws Exception {
        StepsThread idle = carrying();
        StepsThread busy = carrying();
        Thread idles = threadOf(idle);
        Thread busys = threadOf(busy);
        CompletableFuture<Void> end = new CompletableFuture<>();
        CompletableFuture<Void> begun = new CompletableFuture<>();
        busy.execute(() -> {
            begun.complete(null);
            end.join();
        });
        begun.get();
        awaitCarrier(idles);
        end.complete(null);
        idle.shutdown();
        awaitCarrier(busys);
        busy.shutdown();
        assertThat(busys.join(Duration.ofSeconds(30))).isTrue();
        assertThat(threadOf(answers)).isNotIn(idles, busys);
    }

    /** Also one that throws, and the engine's end that is given last. */
    @Test
    void whatWasGivenBeforeTheEndIsDone() throws InterruptedException {
        for (StepsThread steps : List.of(new StepsThread(), carrying())) {
            BlockingQueue<Thread> done = new LinkedBlockingQueue<>();
            BlockingQueue<Boolean> interrupted = new LinkedBlockingQueue<>();
            steps.execute(() -> {
                Thread.currentThread().setUncaughtExceptionHandler((_, _) -> {});
                Thread.currentThread().interrupt();
                throw new IllegalStateException("a step's");
            });
            steps.execute(() -> interrupted.add(Thread.currentThread().isInterrupted()));
            steps.execute(() -> done.add(Thread.currentThread()));
            steps.shutdown();
            assertThat(interrupted.take()).isFalse();
            assertThat(done.take().join(Duration.ofSeconds(30))).isTrue();
        }
    }
}
