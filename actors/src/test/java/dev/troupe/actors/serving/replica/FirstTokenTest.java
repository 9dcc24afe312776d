package dev.troupe.actors.serving.replica;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import dev.troupe.actors.serving.AnswerThreads;
import dev.troupe.actors.serving.GenerationEvent;
import dev.troupe.actors.serving.GenerationEvent.Finished;
import dev.troupe.actors.serving.GenerationEvent.TokenGenerated;
import dev.troupe.actors.serving.ReplicaProtocol.Command;
import dev.troupe.actors.serving.ReplicaProtocol.Submit;
import dev.troupe.actors.serving.Requests;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** Where one thread carries answers, a step does not begin before the first token of the one before has left. */
class FirstTokenTest {
    private static final ActorTestKit KIT = ActorTestKit.create(OneAnswerThread.CONFIG);
    /** Not counted: while the replica's code is interpreted, a step takes long to begin. */
    private static final int WARM_UP = 60;

    private static final int REQUESTS = 60;
    private static final int PROMPT = 3;
    /** As many as a token has on its way to a socket. */
    private static final int HOPS = Departure.HOPS / 2;

    private static final long HOP_NANOS = TimeUnit.MICROSECONDS.toNanos(50);

    @AfterAll
    static void stop() {
        KIT.shutdownTestKit();
    }

    private final Executor answers = AnswerThreads.alone(KIT.system()).orElseThrow();
    /** Whether the first token of the latest request has left. */
    private volatile AtomicBoolean left = new AtomicBoolean();

    /** Carries a first token over some tasks, each of which takes its time. */
    private Behavior<GenerationEvent> client(CompletableFuture<GenerationEvent> ended) {
        return Behaviors.receive(GenerationEvent.class)
                .onMessage(TokenGenerated.class, token -> {
                    if (token.index() == 0) {
                        carry(HOPS, left);
                    }
                    return Behaviors.same();
                })
                .onMessage(Finished.class, finished -> {
                    ended.complete(finished);
                    return Behaviors.stopped();
                })
                .onAnyMessage(other -> Behaviors.same())
                .build();
    }

    private void carry(int hops, AtomicBoolean left) {
        if (hops == 0) {
            left.set(true);
            return;
        }
        long end = System.nanoTime() + HOP_NANOS;
        while (System.nanoTime() < end) {
            Thread.onSpinWait();
        }
        answers.execute(() -> carry(hops - 1, left));
    }

    /** Most, not all: a machine that has other things to do lets the wait, which has an end, pass. */
    @Test
    void hasLeftBeforeTheNextStepBegins() throws Exception {
        ScriptedEngine engine = new ScriptedEngine();
        AtomicInteger inTime = new AtomicInteger();
        engine.begins = batch -> {
            if (batch.chunks().getFirst().firstPosition() == PROMPT && left.get()) {
                inTime.incrementAndGet();
            }
        };
        ReplicaSettings settings = ScriptedEngine.settings(1, 4);
        ActorRef<Command> replica = KIT.spawn(ModelReplica.create(settings, () -> engine), AnswerThreads.selector());
        ModelReplicaTest.describe(KIT, replica);
        for (int i = 0; i < WARM_UP + REQUESTS; i++) {
            if (i == WARM_UP) {
                inTime.set(0);
            }
            left = new AtomicBoolean();
            CompletableFuture<GenerationEvent> ended = new CompletableFuture<>();
            ActorRef<GenerationEvent> client = KIT.spawn(client(ended), AnswerThreads.selector());
            replica.tell(new Submit(Requests.greedy("r" + i, Collections.nCopies(PROMPT, 1), 2), client));
            assertThat(ended.get(30, TimeUnit.SECONDS)).isInstanceOf(Finished.class);
        }
        assertThat(engine.stepsDone).hasValue(2 * (WARM_UP + REQUESTS));
        assertThat(inTime.get()).as("of %d first tokens", REQUESTS).isGreaterThan(REQUESTS * 2 / 3);
    }

    /** So it does not stand in line behind what nobody waits for like that. */
    @Test
    void isToldBeforeWhateverElseItsStepGave() throws Exception {
        ScriptedEngine engine = new ScriptedEngine();
        engine.steps.drainPermits();
        CountDownLatch begun = new CountDownLatch(1);
        engine.begins = batch -> begun.countDown();
        ActorRef<Command> replica = KIT.spawn(ModelReplica.create(ScriptedEngine.settings(2, 4), () -> engine));
        ModelReplicaTest.describe(KIT, replica);
        TestProbe<GenerationEvent> client = KIT.createTestProbe();
        replica.tell(new Submit(Requests.greedy("running", Collections.nCopies(PROMPT, 1), 3), client.ref()));
        assertThat(begun.await(30, TimeUnit.SECONDS)).isTrue();
        replica.tell(new Submit(Requests.greedy("new", Collections.nCopies(PROMPT, 2), 3), client.ref()));
        ModelReplicaTest.describe(KIT, replica); // so the replica has it
        engine.steps.release(10);
        List<String> told = new ArrayList<>();
        while (told.size() < 6) {
            if (client.receiveMessage(Duration.ofSeconds(30)) instanceof TokenGenerated token) {
                told.add(token.requestId() + " " + token.index());
            }
        }
        assertThat(told).startsWith("running 0", "new 0", "running 1");
    }
}
