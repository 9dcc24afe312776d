package dev.troupe.actors.serving.replica;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.receptionist.Receptionist;
import dev.troupe.actors.serving.GenerationEvent;
import dev.troupe.actors.serving.GenerationEvent.Begun;
import dev.troupe.actors.serving.GenerationEvent.Failed;
import dev.troupe.actors.serving.GenerationEvent.FinishReason;
import dev.troupe.actors.serving.GenerationEvent.Finished;
import dev.troupe.actors.serving.GenerationEvent.RejectReason;
import dev.troupe.actors.serving.GenerationEvent.Rejected;
import dev.troupe.actors.serving.GenerationEvent.TokenGenerated;
import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.ReplicaProtocol;
import dev.troupe.actors.serving.ReplicaProtocol.Cancel;
import dev.troupe.actors.serving.ReplicaProtocol.Command;
import dev.troupe.actors.serving.ReplicaProtocol.Describe;
import dev.troupe.actors.serving.ReplicaProtocol.Description;
import dev.troupe.actors.serving.ReplicaProtocol.Drain;
import dev.troupe.actors.serving.ReplicaProtocol.Drained;
import dev.troupe.actors.serving.ReplicaProtocol.Submit;
import dev.troupe.actors.serving.Requests;
import dev.troupe.actors.serving.engine.Engine;
import dev.troupe.actors.serving.engine.EngineLoader;
import dev.troupe.model.TroupeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** The actor on an engine that does what the test says. */
class ModelReplicaTest {
    private static final ActorTestKit KIT = ActorTestKit.create();

    @AfterAll
    static void stop() {
        KIT.shutdownTestKit();
    }

    private final TestProbe<GenerationEvent> client = KIT.createTestProbe(GenerationEvent.class);
    private final ScriptedEngine engine = new ScriptedEngine();

    private ActorRef<Command> serve(int maxRunning, int maxQueued) {
        ActorRef<Command> replica =
                KIT.spawn(ModelReplica.create(ScriptedEngine.settings(maxRunning, maxQueued), () -> engine));
        describe(replica);
        return replica;
    }

    /** Answered once the model is loaded. */
    private static Description describe(ActorRef<Command> replica) {
        return describe(KIT, replica);
    }

    static Description describe(ActorTestKit kit, ActorRef<Command> replica) {
        TestProbe<Description> probe = kit.createTestProbe(Description.class);
        replica.tell(new Describe(probe.getRef()));
        return probe.receiveMessage();
    }

    private void submit(ActorRef<Command> replica, String id, int promptTokens, int maxTokens) {
        replica.tell(new Submit(Requests.greedy(id, Collections.nCopies(promptTokens, 1), maxTokens), client.getRef()));
    }

    /** What comes next beside beginnings. */
    private GenerationEvent next() {
        GenerationEvent event = client.receiveMessage();
        return event instanceof Begun ? next() : event;
    }

    private List<GenerationEvent> untilEnd() {
        List<GenerationEvent> events = new ArrayList<>();
        do {
            events.add(next());
        } while (events.getLast() instanceof TokenGenerated);
        return events;
    }

    private static boolean isRegistered(ActorRef<Command> replica) {
        TestProbe<Receptionist.Listing> probe = KIT.createTestProbe(Receptionist.Listing.class);
        KIT.system().receptionist().tell(Receptionist.find(ReplicaProtocol.SERVICE_KEY, probe.getRef()));
        return probe.receiveMessage()
                .getServiceInstances(ReplicaProtocol.SERVICE_KEY)
                .contains(replica);
    }

    private static void awaitRegistered(ActorRef<Command> replica, boolean registered) {
        KIT.createTestProbe().awaitAssert(() -> {
            assertThat(isRegistered(replica)).isEqualTo(registered);
            return true;
        });
    }

    @Test
    void rejectsWhileLoadingThenRegistersAndServes() {
        CompletableFuture<Engine> ready = new CompletableFuture<>();
        ActorRef<Command> replica = KIT.spawn(ModelReplica.create(ScriptedEngine.settings(4, 4), ready::join));
        TestProbe<Description> described = KIT.createTestProbe(Description.class);
        submit(replica, "early", 3, 2);
        replica.tell(new Describe(described.getRef()));
        assertThat(next())
                .isInstanceOfSatisfying(
                        Rejected.class,
                        rejected -> assertThat(rejected.reason()).isEqualTo(RejectReason.LOADING));
        described.expectNoMessage(Duration.ofMillis(50));
        assertThat(isRegistered(replica)).isFalse();
        ready.complete(engine);
        assertThat(described.receiveMessage()).isEqualTo(new Description(engine.description(), 0, 0));
        awaitRegistered(replica, true);
        submit(replica, "a", 3, 2);
        assertThat(untilEnd())
                .containsExactly(
                        new TokenGenerated("a", 0, 3, Double.NaN, List.of()),
                        new TokenGenerated("a", 1, 4, Double.NaN, List.of()),
                        new Finished("a", FinishReason.LENGTH, 3, 2));
        KIT.stop(replica);
    }

    @Test
    void aModelThatCannotBeServedStopsTheReplicaWithTheReason() {
        TestProbe<Throwable> reason = KIT.createTestProbe(Throwable.class);
        EngineLoader broken = () -> {
            throw new TroupeException("no such model");
        };
        KIT.spawn(Behaviors.<Void>setup(context -> {
            context.watch(context.spawn(ModelReplica.create(ScriptedEngine.settings(1, 1), broken), "replica"));
            return Behaviors.receive(Void.class)
                    .onSignal(akka.actor.typed.ChildFailed.class, failed -> {
                        reason.getRef().tell(failed.getCause());
                        return Behaviors.stopped();
                    })
                    .build();
        }));
        assertThat(reason.receiveMessage()).isInstanceOf(TroupeException.class).hasMessage("no such model");
    }

    /** A file that was moved, say, and is there again. */
    @Test
    void aModelThatWasServedIsLoadedUntilItCanBeServedAgain() {
        List<ScriptedEngine> engines = new CopyOnWriteArrayList<>();
        AtomicInteger loads = new AtomicInteger();
        ActorRef<Command> replica = KIT.spawn(ModelReplica.create(ScriptedEngine.settings(1, 8), () -> {
            if (loads.incrementAndGet() == 2) {
                throw new TroupeException("no such model");
            }
            engines.add(new ScriptedEngine());
            return engines.getLast();
        }));
        describe(replica);
        engines.getFirst().lost.complete("a test says so");
        client.awaitAssert(() -> {
            assertThat(loads).hasValue(3);
            return true;
        });
        describe(replica);
        submit(replica, "again", 3, 2);
        assertThat(untilEnd()).last().isEqualTo(new Finished("again", FinishReason.LENGTH, 3, 2));
        KIT.stop(replica);
    }

    @Test
    void stopTokensEndAnAnswerAndAreNotPartOfIt() {
        ActorRef<Command> replica = serve(4, 4);
        GenerationRequest request =
                new GenerationRequest("s", List.of(1, 2, 3), 20, List.of(6), Requests.sampling(0, 0, 1), 0);
        replica.tell(new Submit(request, client.getRef()));
        List<GenerationEvent> events = untilEnd();
        assertThat(events).hasSize(4).last().isEqualTo(new Finished("s", FinishReason.STOP, 3, 3));
        TokenGenerated first = (TokenGenerated) events.getFirst();
        assertThat(first.logProb()).isBetween(-0.8, -0.4); // e^5 of e^5 + 99
        assertThat(first.alternatives()).hasSize(1);
        assertThat(first.alternatives().getFirst().token()).isEqualTo(3);
        KIT.stop(replica);
    }

    @Test
    void aContinuedRequestCountsOn() {
        ActorRef<Command> replica = serve(4, 4);
        replica.tell(new Submit(
                new GenerationRequest("c", List.of(1, 2, 3, 4), 2, List.of(), Requests.GREEDY, 2), client.getRef()));
        assertThat(untilEnd())
                .containsExactly(
                        new TokenGenerated("c", 2, 4, Double.NaN, List.of()),
                        new TokenGenerated("c", 3, 5, Double.NaN, List.of()),
                        new Finished("c", FinishReason.LENGTH, 4, 2));
        KIT.stop(replica);
    }

    @Test
    void aRequestHasBegunOnceItsPromptIsReadAndNotWhileItWaits() {
        engine.steps.drainPermits();
        ActorRef<Command> replica = serve(1, 4);
        submit(replica, "a", 3, 2);
        assertThat(client.receiveMessage()).isEqualTo(new Begun("a", 0)); // its first step is not over
        submit(replica, "b", 3, 1);
        client.expectNoMessage(Duration.ofMillis(50));
        engine.steps.release(1000);
        assertThat(client.receiveMessage()).isInstanceOf(TokenGenerated.class);
        assertThat(client.receiveMessage()).isInstanceOf(TokenGenerated.class);
        assertThat(client.receiveMessage()).isInstanceOf(Finished.class);
        assertThat(client.receiveMessage()).isEqualTo(new Begun("b", 0));
        assertThat(client.receiveMessage()).isInstanceOf(TokenGenerated.class);
        assertThat(client.receiveMessage()).isInstanceOf(Finished.class);
        KIT.stop(replica);
    }

    @Test
    void theContextIsALimit() {
        ActorRef<Command> replica = serve(4, 4);
        submit(replica, "fits", ScriptedEngine.CONTEXT - 2, 100);
        assertThat(untilEnd())
                .last()
                .isEqualTo(new Finished("fits", FinishReason.LENGTH, ScriptedEngine.CONTEXT - 2, 2));
        submit(replica, "long", ScriptedEngine.CONTEXT, 100);
        assertThat(next()).isInstanceOfSatisfying(Rejected.class, rejected -> {
            assertThat(rejected.reason()).isEqualTo(RejectReason.PROMPT_TOO_LONG);
            assertThat(rejected.message()).contains("48");
        });
        submit(replica, "nothing", 4, 0);
        assertThat(next()).isEqualTo(new Finished("nothing", FinishReason.LENGTH, 4, 0));
        KIT.stop(replica);
    }

    @Test
    void aRequestThatMakesNoSenseFailsAlone() {
        ActorRef<Command> replica = serve(4, 4);
        List<GenerationRequest> wrong = List.of(
                Requests.greedy("w", List.of(), 3),
                Requests.greedy("w", List.of(1, ScriptedEngine.VOCAB), 3),
                Requests.greedy("w", List.of(1, -1), 3),
                Requests.greedy("w", List.of(1), -3),
                new GenerationRequest("w", List.of(1), 3, List.of(), Requests.GREEDY, 1),
                new GenerationRequest("w", List.of(1), 3, List.of(), Requests.sampling(-1, 0, 0), 0));
        for (GenerationRequest request : wrong) {
            replica.tell(new Submit(request, client.getRef()));
            assertThat(next()).as(request.toString()).isInstanceOf(Failed.class);
        }
        submit(replica, "right", 3, 1);
        assertThat(untilEnd()).hasSize(2);
        KIT.stop(replica);
    }

    @Test
    void aFullQueueRejects() {
        engine.steps.drainPermits();
        ActorRef<Command> replica = serve(1, 2);
        submit(replica, "a", 3, 2);
        submit(replica, "b", 3, 2);
        submit(replica, "c", 3, 2);
        submit(replica, "d", 3, 2);
        assertThat(next()).isInstanceOfSatisfying(Rejected.class, rejected -> {
            assertThat(rejected.requestId()).isEqualTo("d");
            assertThat(rejected.reason()).isEqualTo(RejectReason.QUEUE_FULL);
        });
        assertThat(describe(replica)).isEqualTo(new Description(engine.description(), 1, 2));
        submit(replica, "b", 3, 2);
        assertThat(next()).isInstanceOf(Failed.class); // the id is in use
        engine.steps.release(1000);
        assertThat(untilEnd()).last().isEqualTo(new Finished("a", FinishReason.LENGTH, 3, 2));
        assertThat(untilEnd()).last().isEqualTo(new Finished("b", FinishReason.LENGTH, 3, 2));
        assertThat(untilEnd()).last().isEqualTo(new Finished("c", FinishReason.LENGTH, 3, 2));
        KIT.stop(replica);
    }

    @Test
    void cancelFreesTheCacheAtOnce() {
        engine.steps.drainPermits();
        ActorRef<Command> replica = serve(4, 4);
        submit(replica, "a", 40, 8); // all three blocks
        submit(replica, "b", 40, 1);
        assertThat(describe(replica)).isEqualTo(new Description(engine.description(), 1, 1));
        replica.tell(new Cancel("a"));
        replica.tell(new Cancel("never heard of"));
        assertThat(next()).isEqualTo(new Finished("a", FinishReason.CANCELLED, 40, 0));
        assertThat(describe(replica)).isEqualTo(new Description(engine.description(), 0, 1));
        engine.steps.release(1000);
        assertThat(untilEnd()).last().isEqualTo(new Finished("b", FinishReason.LENGTH, 40, 1));
        KIT.stop(replica);
    }

    @Test
    void aClientThatDiesCancelsItsRequests() {
        engine.steps.drainPermits();
        ActorRef<Command> replica = serve(4, 4);
        TestProbe<GenerationEvent> mortal = KIT.createTestProbe(GenerationEvent.class);
        replica.tell(new Submit(Requests.greedy("m1", List.of(1), 40), mortal.getRef()));
        replica.tell(new Submit(Requests.greedy("m2", List.of(1), 40), mortal.getRef()));
        submit(replica, "other", 2, 3);
        describe(replica);
        mortal.stop();
        client.awaitAssert(() -> {
            assertThat(describe(replica).running() + describe(replica).queued()).isEqualTo(1);
            return true;
        });
        engine.steps.release(1000);
        assertThat(untilEnd()).last().isEqualTo(new Finished("other", FinishReason.LENGTH, 2, 3));
        KIT.stop(replica);
    }

    @Test
    void drainFinishesWhatIsInFlightAndStops() {
        engine.steps.drainPermits();
        ActorRef<Command> replica = serve(1, 4);
        awaitRegistered(replica, true);
        submit(replica, "a", 3, 4);
        submit(replica, "b", 3, 4);
        TestProbe<Drained> drained = KIT.createTestProbe(Drained.class);
        replica.tell(new Drain(drained.getRef()));
        replica.tell(new Drain(drained.getRef()));
        submit(replica, "late", 3, 4);
        assertThat(next()).isInstanceOfSatisfying(Rejected.class, rejected -> {
            assertThat(rejected.requestId()).isEqualTo("late");
            assertThat(rejected.reason()).isEqualTo(RejectReason.DRAINING);
        });
        awaitRegistered(replica, false);
        drained.expectNoMessage(Duration.ofMillis(50));
        engine.steps.release(1000);
        assertThat(untilEnd()).last().isEqualTo(new Finished("a", FinishReason.LENGTH, 3, 4));
        assertThat(untilEnd()).last().isEqualTo(new Finished("b", FinishReason.LENGTH, 3, 4));
        assertThat(drained.receiveMessage()).isEqualTo(new Drained(2));
        assertThat(drained.receiveMessage()).isEqualTo(new Drained(2));
        drained.expectTerminated(replica);
        drained.awaitAssert(() -> {
            assertThat(engine.closed).isTrue();
            return true;
        });
    }

    @Test
    void anIdleOrLoadingReplicaDrainsAtOnce() {
        TestProbe<Drained> drained = KIT.createTestProbe(Drained.class);
        serve(1, 4).tell(new Drain(drained.getRef()));
        assertThat(drained.receiveMessage()).isEqualTo(new Drained(0));

        CompletableFuture<Engine> ready = new CompletableFuture<>();
        ScriptedEngine second = new ScriptedEngine();
        KIT.spawn(ModelReplica.create(ScriptedEngine.settings(1, 1), ready::join))
                .tell(new Drain(drained.getRef()));
        assertThat(drained.receiveMessage()).isEqualTo(new Drained(0));
        ready.complete(second);
        drained.awaitAssert(() -> {
            assertThat(second.closed).isTrue();
            return true;
        });
    }

    /** Whether or not a step fails of it: the one under way may end well, and none follows. */
    @Test
    void aDrainEndsWithTheEngine() {
        engine.steps.drainPermits();
        ActorRef<Command> replica = serve(1, 4);
        submit(replica, "a", 3, 4);
        submit(replica, "b", 3, 4);
        TestProbe<Drained> drained = KIT.createTestProbe(Drained.class);
        replica.tell(new Drain(drained.getRef()));
        describe(replica);
        engine.lost.complete("a test says so");
        for (String id : List.of("a", "b")) {
            assertThat(next()).isInstanceOfSatisfying(Rejected.class, rejected -> {
                assertThat(rejected.requestId()).isEqualTo(id);
                assertThat(rejected.reason()).isEqualTo(RejectReason.STOPPED);
            });
        }
        assertThat(drained.receiveMessage()).isEqualTo(new Drained(0));
        drained.expectTerminated(replica);
        engine.steps.release(1000);
        drained.awaitAssert(() -> {
            assertThat(engine.closed).isTrue();
            return true;
        });
    }

    @Test
    void aStepThatThrowsGivesItsRequestsUpAndNoOthers() {
        ActorRef<Command> replica = serve(2, 4);
        engine.poison = batch ->
                batch.chunks().stream().anyMatch(chunk -> chunk.tokens().contains(66));
        engine.steps.drainPermits();
        replica.tell(new Submit(Requests.greedy("bad", List.of(66), 5), client.getRef()));
        replica.tell(new Submit(Requests.greedy("good", List.of(1), 2), client.getRef()));
        engine.steps.release(1000);
        assertThat(next()).isInstanceOfSatisfying(Rejected.class, rejected -> {
            assertThat(rejected.requestId()).isEqualTo("bad");
            assertThat(rejected.reason()).isEqualTo(RejectReason.STEP_FAILED);
            assertThat(rejected.message()).doesNotContain("poisoned");
        });
        assertThat(untilEnd()).last().isEqualTo(new Finished("good", FinishReason.LENGTH, 1, 2));
        assertThat(describe(replica)).isEqualTo(new Description(engine.description(), 0, 0));
        KIT.stop(replica);
    }

    @Test
    void stepsThatKeepFailingRestartTheReplicaWithAFreshModel() {
        List<ScriptedEngine> engines = new CopyOnWriteArrayList<>();
        ActorRef<Command> replica = KIT.spawn(ModelReplica.create(ScriptedEngine.settings(1, 8), () -> {
            ScriptedEngine loaded = new ScriptedEngine();
            if (engines.isEmpty()) {
                loaded.poison = batch -> true;
            }
            engines.add(loaded);
            return loaded;
        }));
        describe(replica);
        engines.getFirst().steps.drainPermits();
        for (int i = 0; i < 4; i++) {
            submit(replica, "r" + i, 3, 2);
        }
        describe(replica);
        engines.getFirst().steps.release(1000);
        for (int i = 0; i < 3; i++) { // by their own steps
            assertThat(next())
                    .isInstanceOfSatisfying(
                            Rejected.class,
                            rejected -> assertThat(rejected.reason()).isEqualTo(RejectReason.STEP_FAILED));
        }
        assertThat(next()) // by the restart: another replica may take it
                .isInstanceOfSatisfying(
                        Rejected.class,
                        rejected -> assertThat(rejected.reason()).isEqualTo(RejectReason.STOPPED));
        assertThat(describe(replica).queued()).isZero();
        assertThat(engines).hasSize(2);
        client.awaitAssert(() -> {
            assertThat(engines.getFirst().closed).isTrue();
            return true;
        });
        awaitRegistered(replica, true);
        submit(replica, "again", 3, 2);
        assertThat(untilEnd()).last().isEqualTo(new Finished("again", FinishReason.LENGTH, 3, 2));
        assertThat(engines.getLast().closed).isFalse();
        KIT.stop(replica);
    }

    @Test
    void stoppingInMidStepGivesTheRequestUpAndClosesAfterTheStep() {
        engine.steps.drainPermits();
        ActorRef<Command> replica = serve(1, 4);
        submit(replica, "a", 3, 4);
        describe(replica);
        KIT.stop(replica);
        assertThat(next())
                .isInstanceOfSatisfying(
                        Rejected.class,
                        rejected -> assertThat(rejected.reason()).isEqualTo(RejectReason.STOPPED));
        assertThat(engine.closed).isFalse();
        engine.steps.release(1000);
        client.awaitAssert(() -> {
            assertThat(engine.closed).isTrue();
            return true;
        });
        assertThat(engine.stepsDone).hasValue(1);
    }
}
