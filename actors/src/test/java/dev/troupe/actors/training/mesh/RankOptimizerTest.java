package dev.troupe.actors.training.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.Behaviors;
import com.typesafe.config.ConfigFactory;
import dev.troupe.model.optim.ShardUpdate;
import dev.troupe.model.optim.UpdateOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class RankOptimizerTest {
    private static final ActorTestKit KIT = ActorTestKit.create(
            "rank-optimizer-test",
            ConfigFactory.parseString("akka.actor.provider = local").withFallback(ConfigFactory.load()));
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final UpdateOrder ORDER = new UpdateOrder(1e-3, 1, 0.5);

    @AfterAll
    static void end() {
        KIT.shutdownTestKit();
    }

    private static RankOptimizer optimizer(Duration timeout) {
        return optimizer(timeout, new AtomicReference<>());
    }

    private static RankOptimizer optimizer(Duration timeout, AtomicReference<ActorRef<Void>> node) {
        TestProbe<RankOptimizer> made = KIT.createTestProbe();
        node.set(KIT.spawn(Behaviors.setup(context -> {
            made.getRef().tell(new RankOptimizer(context, 1, 0, timeout));
            return Behaviors.empty();
        })));
        return made.receiveMessage(PATIENCE);
    }

    @Test
    void theActorTakesTheStepAndTheRankWaitsForIt() {
        RankOptimizer optimizer = optimizer(PATIENCE);
        AtomicReference<Thread> thread = new AtomicReference<>();
        ShardUpdate update = optimizer.own(order -> {
            assertThat(order).isEqualTo(ORDER);
            thread.set(Thread.currentThread());
            return 7;
        });
        assertThat(update.update(ORDER)).isEqualTo(7);
        assertThat(thread.get().getName()).contains("troupe.dispatchers.optimizer");
        optimizer.close();
    }

    @Test
    void anInterruptionDoesNotEndTheWait() throws Exception {
        RankOptimizer optimizer = optimizer(PATIENCE);
        CountDownLatch inUpdate = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(1);
        ShardUpdate update = optimizer.own(_ -> {
            inUpdate.countDown();
            await(mayEnd);
            return 1;
        });
        CompletableFuture<Long> steps = new CompletableFuture<>();
        Thread rank = Thread.ofPlatform().start(() -> steps.complete(update.update(ORDER)));
        await(inUpdate);
        rank.interrupt();
        Thread.sleep(50);
        assertThat(steps).isNotDone();
        mayEnd.countDown();
        assertThat(steps.get(60, TimeUnit.SECONDS)).isEqualTo(1);
        optimizer.close();
    }

    @Test
    void whatFailsReachesTheRankAtOnce() {
        RankOptimizer optimizer = optimizer(Duration.ofHours(1));
        ShardUpdate update = optimizer.own(_ -> {
            throw new IllegalArgumentException("no moments");
        });
        for (int i = 0; i < 2; i++) { // the second time nobody is there to answer
            assertThatThrownBy(() -> update.update(ORDER)).hasMessageContaining("no moments");
        }
        optimizer.close();
    }

    /** A node that is stopped ends its actors before its ranks. */
    @Test
    void nobodyWaitsForAnActorThatHasEnded() throws Exception {
        AtomicReference<ActorRef<Void>> node = new AtomicReference<>();
        RankOptimizer optimizer = optimizer(Duration.ofHours(1), node);
        CountDownLatch inUpdate = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(1);
        ShardUpdate update = optimizer.own(_ -> {
            inUpdate.countDown();
            await(mayEnd);
            return 1;
        });
        List<CompletableFuture<Long>> waiting = new ArrayList<>();
        for (int i = 0; i < 2; i++) { // the second is still in the mailbox when the actor ends
            CompletableFuture<Long> steps = new CompletableFuture<>();
            waiting.add(steps);
            Thread.ofPlatform().start(() -> {
                try {
                    steps.complete(update.update(ORDER));
                } catch (RuntimeException e) {
                    steps.completeExceptionally(e);
                }
            });
        }
        await(inUpdate);
        Thread.sleep(100);
        CompletableFuture<Void> stopped = CompletableFuture.runAsync(() -> KIT.stop(node.get(), PATIENCE));
        Thread.sleep(100);
        mayEnd.countDown();
        for (CompletableFuture<Long> steps : waiting) {
            assertThat(steps.handle((_, _) -> "over").get(60, TimeUnit.SECONDS)).isEqualTo("over");
        }
        stopped.get(60, TimeUnit.SECONDS);
        assertThatThrownBy(() -> update.update(ORDER)).hasMessageContaining("the optimizer shard took no step");
        optimizer.close();
    }

    /** Else its memory would go away under it. */
    @Test
    void closingWaitsForAnUpdateThatNobodyWaitsForAnyMore() throws Exception {
        RankOptimizer optimizer = optimizer(Duration.ofMillis(100));
        CountDownLatch mayEnd = new CountDownLatch(1);
        ShardUpdate update = optimizer.own(_ -> {
            await(mayEnd);
            return 1;
        });
        assertThatThrownBy(() -> update.update(ORDER)).hasMessageContaining("the optimizer shard took no step");
        CompletableFuture<Void> closed = CompletableFuture.runAsync(optimizer::close);
        Thread.sleep(100);
        assertThat(closed).isNotDone();
        mayEnd.countDown();
        closed.get(60, TimeUnit.SECONDS);
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
