package dev.troupe.actors.serving.replica;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import dev.troupe.actors.serving.GenerationEvent;
import dev.troupe.actors.serving.GenerationEvent.Begun;
import dev.troupe.actors.serving.GenerationEvent.Finished;
import dev.troupe.actors.serving.ReplicaProtocol.Cancel;
import dev.troupe.actors.serving.ReplicaProtocol.Command;
import dev.troupe.actors.serving.ReplicaProtocol.Submit;
import dev.troupe.actors.serving.Requests;
import java.time.Duration;
import java.util.Collections;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whoever's answers ended together ask again in one step. */
@Timeout(30)
class SuccessorsTest {
    private static final ActorTestKit KIT = ActorTestKit.create();
    private static final Duration LONG = Duration.ofMinutes(1); // only those who come end such a wait

    private final TestProbe<GenerationEvent> client = KIT.createTestProbe(GenerationEvent.class);
    private final ScriptedEngine engine = new ScriptedEngine();
    private final BlockingQueue<Integer> batches = new LinkedBlockingQueue<>(); // requests of each step

    @AfterAll
    static void stop() {
        KIT.shutdownTestKit();
    }

    private ActorRef<Command> serve(Duration wait) {
        engine.begins = batch -> batches.add(batch.chunks().size());
        ActorRef<Command> replica =
                KIT.spawn(ModelReplica.create(ScriptedEngine.settings(4, 4, Duration.ZERO, wait), () -> engine));
        ModelReplicaTest.describe(KIT, replica);
        return replica;
    }

    private void submit(ActorRef<Command> replica, String id, int maxTokens) {
        replica.tell(new Submit(Requests.greedy(id, Collections.nCopies(2, 1), maxTokens), client.getRef()));
    }

    private void awaitEnds(int count) {
        for (int ended = 0; ended < count; ) {
            ended += client.receiveMessage() instanceof Finished ? 1 : 0;
        }
    }

    /** Two requests whose answers end with one step. */
    private void endTogether(ActorRef<Command> replica) throws InterruptedException {
        engine.steps.drainPermits();
        submit(replica, "first", 2);
        assertThat(batches.take()).isEqualTo(1); // its step is held up while the other comes
        submit(replica, "second", 1);
        ModelReplicaTest.describe(KIT, replica);
        engine.steps.release(2);
        assertThat(batches.take()).isEqualTo(2);
        awaitEnds(2);
        engine.steps.release(100);
    }

    @Test
    void thoseWhoAskAgainAreReadTogether() throws InterruptedException {
        ActorRef<Command> replica = serve(LONG);
        endTogether(replica);
        submit(replica, "third", 1);
        KIT.createTestProbe().expectNoMessage(Duration.ofMillis(50));
        assertThat(batches).as("steps with one of two").isEmpty();
        submit(replica, "fourth", 1);
        assertThat(batches.take()).isEqualTo(2);
        awaitEnds(2);
    }

    @Test
    void whoDoesNotComeIsNotWaitedForLong() throws InterruptedException {
        ActorRef<Command> replica = serve(Duration.ofMillis(20));
        endTogether(replica);
        submit(replica, "third", 1);
        assertThat(batches.take()).isEqualTo(1);
        awaitEnds(1);
    }

    @Test
    void oneAloneWaitsForNobody() throws InterruptedException {
        ActorRef<Command> replica = serve(LONG);
        for (int i = 0; i < 3; i++) {
            submit(replica, "r" + i, 1);
            assertThat(batches.take()).isEqualTo(1);
            awaitEnds(1);
        }
    }

    @Test
    void whoIsCancelledMeanwhileLeavesTheReplicaAtRest() throws InterruptedException {
        ActorRef<Command> replica = serve(LONG);
        endTogether(replica);
        submit(replica, "third", 1);
        replica.tell(new Cancel("third"));
        GenerationEvent event = client.receiveMessage();
        assertThat(event instanceof Begun ? client.receiveMessage() : event).isInstanceOf(Finished.class);
        submit(replica, "fourth", 1);
        assertThat(batches.take()).isEqualTo(1);
        awaitEnds(1);
    }

    private static void end(Successors successors, int numAnswers, long stepNanos, long now) {
        successors.stepEnded(stepNanos, now);
        for (int i = 0; i < numAnswers; i++) {
            successors.answerEnded();
        }
    }

    @Test
    void eachThatComesIsGivenAThirdMoreUntilHalfAStepIsOver() {
        var successors = new Successors(900);
        end(successors, 1, 10_000, 0);
        assertThat(successors.leftNanos(0)).as("one ended").isNotPositive();
        end(successors, 4, 10_000, 0);
        assertThat(successors.leftNanos(100)).isEqualTo(800);
        successors.came(200);
        assertThat(successors.leftNanos(200)).as("no less than for the first").isEqualTo(700);
        successors.came(800);
        assertThat(successors.leftNanos(800)).isEqualTo(300);
        assertThat(successors.leftNanos(1_100)).isNotPositive();
        successors.came(4_900);
        assertThat(successors.leftNanos(4_900)).as("half of the step").isEqualTo(100);
        successors.came(4_950);
        assertThat(successors.leftNanos(4_950)).as("all have come").isNotPositive();
        end(successors, 2, 10_000, 6_000);
        end(successors, 0, 10_000, 7_000);
        assertThat(successors.leftNanos(7_000)).as("a step later").isNotPositive();
    }

    @Test
    void withoutATimeNobodyIsWaitedFor() {
        var successors = new Successors(0);
        end(successors, 4, 0, 5);
        assertThat(successors.leftNanos(5)).isNotPositive();
    }
}
