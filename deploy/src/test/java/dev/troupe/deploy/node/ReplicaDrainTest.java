package dev.troupe.deploy.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Props;
import akka.actor.typed.javadsl.AskPattern;
import akka.actor.typed.javadsl.Behaviors;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.serving.GenerationEvent;
import dev.troupe.actors.serving.GenerationEvent.Begun;
import dev.troupe.actors.serving.GenerationEvent.FinishReason;
import dev.troupe.actors.serving.GenerationEvent.Finished;
import dev.troupe.actors.serving.GenerationEvent.RejectReason;
import dev.troupe.actors.serving.GenerationEvent.Rejected;
import dev.troupe.actors.serving.GenerationEvent.TokenGenerated;
import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.actors.serving.ReplicaProtocol;
import dev.troupe.actors.serving.SamplingParameters;
import dev.troupe.actors.serving.ServedTokenizer;
import dev.troupe.actors.serving.batch.ScheduledBatch;
import dev.troupe.actors.serving.engine.AnswerSampler;
import dev.troupe.actors.serving.engine.Engine;
import dev.troupe.actors.serving.engine.PromptReader;
import dev.troupe.actors.serving.engine.SampledToken;
import dev.troupe.actors.serving.replica.ReplicaSettings;
import dev.troupe.model.TroupeException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A node without a front that is asked to end finishes the answers of its replica, and takes no more requests. */
class ReplicaDrainTest {
    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    Path dir;

    /** Takes a step for each permit. */
    private static final class SteppedEngine implements Engine {
        final Semaphore steps = new Semaphore(0);

        @Override
        public ModelDescription description() {
            return new ModelDescription("stepped", "v1", 48, 100, ServedTokenizer.parsed("{}"), "plain", 0);
        }

        @Override
        public int numKvBlocks() {
            return 3;
        }

        @Override
        public List<List<SampledToken>> execute(
                ScheduledBatch batch, List<AnswerSampler> samplers, List<PromptReader> readers) {
            steps.acquireUninterruptibly();
            return samplers.stream()
                    .map(_ -> List.of(new SampledToken(0, 7, Double.NaN, List.of())))
                    .toList();
        }

        @Override
        public void close() {}
    }

    @RegisterExtension
    final WarningsWatch warnings = new WarningsWatch();

    private final SteppedEngine engine = new SteppedEngine();
    private final BlockingQueue<GenerationEvent> events = new LinkedBlockingQueue<>();

    private static ReplicaProtocol.Submit submit(String id, ActorRef<GenerationEvent> client) {
        SamplingParameters greedy = new SamplingParameters(0, 0, 1, 0, 1, 0, 0, Map.of(), 0, -1);
        return new ReplicaProtocol.Submit(new GenerationRequest(id, List.of(1, 2, 3), 2, List.of(), greedy, 0), client);
    }

    private GenerationEvent next() throws InterruptedException {
        GenerationEvent event = events.poll(1, TimeUnit.MINUTES);
        assertThat(event).as("an event").isNotNull();
        return event;
    }

    private TroupeNode node() {
        return TroupeNode.start(ConfigFactory.parseMap(
                Map.of("troupe.node.roles", List.of("member"), "troupe.node.directory", dir.toString())));
    }

    private ActorRef<ReplicaProtocol.Command> serve(TroupeNode node) {
        ReplicaSettings settings = ReplicaSettings.from(
                ConfigFactory.parseString("troupe.serving.modelId = stepped").withFallback(node.config()));
        ActorRef<ReplicaProtocol.Command> replica =
                node.serve(settings, () -> engine).replica();
        AskPattern.ask( // answered once it takes requests
                        replica,
                        ReplicaProtocol.Describe::new,
                        Duration.ofMinutes(1),
                        node.system().scheduler())
                .toCompletableFuture()
                .join();
        return replica;
    }

    @Test
    @Timeout(value = 5, unit = TimeUnit.MINUTES)
    void aReplicaWithNothingToDoEndsAtOnce() {
        TroupeNode node = node();
        serve(node);
        node.close();
        warnings.assertNone();
    }

    @Test
    @Timeout(value = 5, unit = TimeUnit.MINUTES)
    void aReplicaWhoseModelCannotBeLoadedIsNotAsked() {
        TroupeNode node = node();
        ReplicaSettings settings = ReplicaSettings.from(
                ConfigFactory.parseString("troupe.serving.modelId = cut").withFallback(node.config()));
        assertThatThrownBy(() -> node.serve(settings, () -> {
                    throw new TroupeException("the file is cut");
                }))
                .hasMessageContaining("the file is cut");
        node.close();
        warnings.assertNoneWith("drain");
    }

    @Test
    @Timeout(value = 5, unit = TimeUnit.MINUTES)
    void openAnswersAreFinished() throws InterruptedException {
        TroupeNode node = node();
        CompletableFuture<Void> closed;
        try {
            ActorRef<ReplicaProtocol.Command> replica = serve(node);
            ActorRef<GenerationEvent> client = node.system()
                    .systemActorOf(
                            Behaviors.receiveMessage(event -> {
                                events.add(event);
                                return Behaviors.same();
                            }),
                            "client",
                            Props.empty());
            replica.tell(submit("open", client));
            assertThat(next()).isEqualTo(new Begun("open", 0));
            closed = CompletableFuture.runAsync(node::close);
            GenerationEvent late = lateAnswer(replica, client);
            assertThat(late)
                    .isInstanceOfSatisfying(
                            Rejected.class,
                            rejected -> assertThat(rejected.reason()).isEqualTo(RejectReason.DRAINING));
            assertThat(closed).isNotDone();
        } finally {
            engine.steps.release(1000);
        }
        assertThat(next()).isInstanceOf(TokenGenerated.class);
        assertThat(next()).isInstanceOf(TokenGenerated.class);
        assertThat(next()).isEqualTo(new Finished("open", FinishReason.LENGTH, 3, 2));
        closed.join();
        warnings.assertNone();
    }

    /** What a request gets that is not taken; those that are taken before that are taken back. */
    private GenerationEvent lateAnswer(ActorRef<ReplicaProtocol.Command> replica, ActorRef<GenerationEvent> client)
            throws InterruptedException {
        GenerationEvent answer;
        do {
            replica.tell(submit("late", client));
            replica.tell(new ReplicaProtocol.Cancel("late"));
            answer = next();
        } while (answer instanceof Finished);
        return answer;
    }
}
