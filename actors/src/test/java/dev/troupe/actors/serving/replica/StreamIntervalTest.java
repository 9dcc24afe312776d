package dev.troupe.actors.serving.replica;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import dev.troupe.actors.serving.GenerationEvent;
import dev.troupe.actors.serving.GenerationEvent.Begun;
import dev.troupe.actors.serving.GenerationEvent.FinishReason;
import dev.troupe.actors.serving.GenerationEvent.Finished;
import dev.troupe.actors.serving.GenerationEvent.RejectReason;
import dev.troupe.actors.serving.GenerationEvent.Rejected;
import dev.troupe.actors.serving.GenerationEvent.TokenGenerated;
import dev.troupe.actors.serving.PromptOutput;
import dev.troupe.actors.serving.ReplicaProtocol.Cancel;
import dev.troupe.actors.serving.ReplicaProtocol.Command;
import dev.troupe.actors.serving.ReplicaProtocol.Submit;
import dev.troupe.actors.serving.Requests;
import dev.troupe.actors.serving.batch.ScheduledBatch;
import dev.troupe.actors.serving.batch.ScheduledChunk;
import dev.troupe.actors.serving.kv.BlockTable;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Tokens leave together with those of further steps, as long as these are sure to end soon. */
class StreamIntervalTest {
    private static final ActorTestKit KIT = ActorTestKit.create();
    private static final long INTERVAL = 20;
    private static final Duration LONG_ENOUGH = Duration.ofMillis(200); // for a token that was told to be seen

    private final TestProbe<GenerationEvent> client = KIT.createTestProbe(GenerationEvent.class);
    private final ScriptedEngine engine = new ScriptedEngine();
    private final Semaphore begun = new Semaphore(0);

    @AfterAll
    static void stop() {
        KIT.shutdownTestKit();
    }

    @BeforeEach
    void stepsOneByOne() {
        engine.steps.drainPermits();
        engine.begins = batch -> begun.release();
    }

    private static ScheduledBatch rows(int count) {
        return new ScheduledBatch(
                IntStream.range(0, count).mapToObj(i -> decode(0)).toList());
    }

    private static ScheduledChunk decode(int numToGuess) {
        return chunk(5, 1, numToGuess);
    }

    /** Of a sequence with a prompt of five tokens. */
    private static ScheduledChunk chunk(int firstPosition, int numTokens, int numToGuess) {
        return new ScheduledChunk(
                0,
                firstPosition,
                Collections.nCopies(numTokens, 1),
                BlockTable.EMPTY,
                5,
                true,
                0,
                numToGuess,
                PromptOutput.NONE,
                Optional.empty(),
                0);
    }

    private static ScheduledBatch batch(ScheduledChunk... chunks) {
        return new ScheduledBatch(List.of(chunks));
    }

    @Test
    void aStepThatEndsInTimeIsWaitedFor() {
        StreamInterval interval = new StreamInterval(INTERVAL);
        interval.stepTook(rows(4), 9);
        assertThat(interval.outlasts(rows(4), 0)).isTrue();
        assertThat(interval.outlasts(rows(3), 11)).isTrue();
        assertThat(interval.outlasts(rows(4), 12)).isFalse();
        interval.stepTook(rows(4), INTERVAL + 1);
        assertThat(interval.outlasts(rows(4), 0)).isFalse();
    }

    @Test
    void aStepThatMayTakeLongerIsNot() {
        StreamInterval interval = new StreamInterval(INTERVAL);
        interval.stepTook(rows(4), 1);
        assertThat(interval.outlasts(rows(5), 0)).isFalse();
        assertThat(interval.outlasts(rows(0), 0)).as("no step at all").isFalse();
    }

    /** The draft model's passes come before the step's own. */
    @Test
    void guessesThatAreToBeMadeCount() {
        StreamInterval interval = new StreamInterval(INTERVAL);
        interval.stepTook(rows(2), 1);
        assertThat(interval.outlasts(batch(decode(3)), 0)).as("more rows").isFalse();
        interval.stepTook(rows(4), 1);
        assertThat(interval.outlasts(batch(decode(3)), 0)).as("passes").isFalse();
        interval.stepTook(batch(decode(1), decode(1)), 1);
        assertThat(interval.outlasts(batch(decode(3)), 0)).as("more passes").isFalse();
        interval.stepTook(batch(decode(3), decode(0)), 1);
        assertThat(interval.outlasts(batch(decode(3), decode(0)), 0)).isTrue();
        assertThat(interval.outlasts(rows(5), 0)).as("rows of guesses").isTrue();
    }

    @Test
    void aStepThatReadsAPromptIsNotWaitedFor() {
        StreamInterval interval = new StreamInterval(INTERVAL);
        interval.stepTook(batch(decode(0), chunk(0, 4, 0)), 1);
        assertThat(interval.outlasts(batch(decode(0), decode(0)), 0)).isTrue();
        assertThat(interval.outlasts(batch(decode(0), chunk(1, 3, 0)), 0))
                .as("a prompt goes on")
                .isFalse();
        assertThat(interval.outlasts(batch(decode(0), chunk(4, 1, 0)), 0))
                .as("a prompt's last token")
                .isFalse();
        assertThat(interval.outlasts(batch(decode(0), chunk(6, 2, 0)), 0))
                .as("an answer that is computed again")
                .isFalse();
        ScheduledChunk guessed = decode(0).withGuesses(List.of(1, 1));
        assertThat(interval.outlasts(batch(decode(0), guessed), 0))
                .as("tokens that were guessed")
                .isTrue();
    }

    @Test
    void withoutAnIntervalNoTokenWaits() {
        StreamInterval interval = new StreamInterval(0);
        interval.stepTook(rows(4), 1);
        assertThat(interval.outlasts(rows(4), 0)).isFalse();
    }

    private ActorRef<Command> serve() {
        ActorRef<Command> replica =
                KIT.spawn(ModelReplica.create(ScriptedEngine.settings(2, 4, Duration.ofHours(1)), () -> engine));
        ModelReplicaTest.describe(KIT, replica);
        return replica;
    }

    private void submit(ActorRef<Command> replica, String id, int maxTokens) {
        replica.tell(new Submit(Requests.greedy(id, Collections.nCopies(3, 1), maxTokens), client.ref()));
    }

    /** Computes so many steps, until the next one has begun, which stands. */
    private void steps(int count) {
        for (int i = 0; i < count; i++) {
            engine.steps.release();
            begun.acquireUninterruptibly();
        }
    }

    /** A request whose first token has come and whose next two wait. */
    private ActorRef<Command> serveWithTwoWaiting(String id) {
        ActorRef<Command> replica = serve();
        submit(replica, id, 5);
        begun.acquireUninterruptibly();
        client.expectMessage(new Begun(id, 0));
        steps(1);
        expectToken(id, 0);
        steps(2);
        client.expectNoMessage(LONG_ENOUGH);
        return replica;
    }

    private void expectToken(String id, int index) {
        TokenGenerated token = client.expectMessageClass(TokenGenerated.class);
        assertThat(token.requestId()).isEqualTo(id);
        assertThat(token.index()).isEqualTo(index);
    }

    @Test
    void theFirstTokenComesAtOnceAndTheOthersBeforeTheEnd() {
        serveWithTwoWaiting("a");
        steps(1);
        client.expectNoMessage(LONG_ENOUGH);
        engine.steps.release();
        IntStream.rangeClosed(1, 4).forEach(index -> expectToken("a", index));
        assertThat(client.receiveMessage()).isEqualTo(new Finished("a", FinishReason.LENGTH, 3, 5));
    }

    @Test
    void whatWaitsLeavesBeforeAPromptIsRead() {
        ActorRef<Command> replica = serveWithTwoWaiting("b");
        submit(replica, "new", 2);
        ModelReplicaTest.describe(KIT, replica); // so the replica has it
        steps(1);
        expectToken("b", 1);
        expectToken("b", 2);
        expectToken("b", 3);
        client.expectMessage(new Begun("new", 0));
    }

    @Test
    void whoeverIsCancelledHasWhatWasComputed() {
        ActorRef<Command> replica = serveWithTwoWaiting("c");
        replica.tell(new Cancel("c"));
        expectToken("c", 1);
        expectToken("c", 2);
        client.expectMessage(new Finished("c", FinishReason.CANCELLED, 3, 3));
        engine.steps.release();
    }

    /** So another replica goes on after the last token that was computed. */
    @Test
    void whatWaitsIsToldBeforeAFailure() {
        serveWithTwoWaiting("d");
        engine.poison = batch -> true;
        engine.steps.release();
        expectToken("d", 1);
        expectToken("d", 2);
        assertThat(client.expectMessageClass(Rejected.class).reason()).isEqualTo(RejectReason.STEP_FAILED);
    }
}
