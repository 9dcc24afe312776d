package dev.troupe.actors.training.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.receptionist.Receptionist;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.training.data.DataNode.Command;
import dev.troupe.model.TroupeException;
import dev.troupe.model.data.BatchOrder;
import dev.troupe.model.data.TokenBatches;
import dev.troupe.model.data.TokenRange;
import dev.troupe.model.data.TokenShards;
import dev.troupe.model.parallel.CommunicationException;
import dev.troupe.model.parallel.PeerThread;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Corpora that are read from data nodes which come, go, fall silent and differ. */
class RemoteTokensTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int TOKENS = 90_000;

    private final ActorTestKit kit = ActorTestKit.create(
            "remote-tokens-test",
            ConfigFactory.parseString("akka.actor.provider = local, akka.coordinated-shutdown.exit-jvm = off")
                    .withFallback(ConfigFactory.load()));

    @TempDir
    private Path root;

    @AfterEach
    void stop() {
        kit.shutdownTestKit();
    }

    private ActorRef<Command> addNode() {
        return kit.spawn(DataNode.create());
    }

    /** A node that does no more after so many reads: it ends, or it does not answer. */
    private void addMortalNode(int reads, boolean ends) {
        ActorRef<Command> real = kit.spawn(DataNode.unregistered(new DataNodeLimits(4, 4, 16)));
        kit.spawn(Behaviors.<Command>setup(context -> {
            context.getSystem().receptionist().tell(Receptionist.register(DataNode.KEY, context.getSelf()));
            return mortal(real, reads, ends);
        }));
    }

    private static Behavior<Command> mortal(ActorRef<Command> real, int reads, boolean ends) {
        return Behaviors.receiveMessage(command -> {
            if (command instanceof DataNode.Read) {
                if (reads == 0) {
                    return ends ? Behaviors.stopped() : Behaviors.same();
                }
                real.tell(command);
                return mortal(real, reads - 1, ends);
            }
            real.tell(command);
            return Behaviors.same();
        });
    }

    private DataNodes nodes(TokenShards corpus, Duration patience) {
        return new DataNodes(kit.system(), corpus.name(), patience, () -> false);
    }

    private RemoteTokens open(TokenShards corpus) {
        return RemoteTokens.open(nodes(corpus, PATIENCE), corpus.name());
    }

    @Test
    void aCorpusIsTheSameFromFarAway() {
        TokenShards corpus = TestCorpus.prepare(root, 1, TOKENS);
        addNode();
        RemoteTokens far = open(corpus);
        assertThat(far.isFar()).isTrue();
        assertThat(far.tokens()).isEqualTo(corpus.tokens());
        assertThat(far.vocabSize()).isEqualTo(corpus.vocabSize());
        assertThat(far.tokenizerSha256()).isEqualTo(corpus.tokenizerSha256());
        assertThat(far.sha256()).isEqualTo(corpus.sha256());
        int length = (int) corpus.tokens(); // more than a node gives at once
        int[] tokens = new int[length + 3];
        far.copy(0, tokens, 3, length);
        assertThat(Arrays.copyOfRange(tokens, 3, tokens.length)).isEqualTo(corpus.copyOfRange(0, length));

        TokenBatches near = new TokenBatches(corpus, BatchOrder.SHUFFLED, 5);
        TokenBatches remote = new TokenBatches(far, BatchOrder.SHUFFLED, 5);
        for (long number = 0; number < 3; number++) {
            assertSameBatch(remote, near, number);
        }
    }

    private static void assertSameBatch(TokenBatches actual, TokenBatches expected, long number) {
        int[][] arrays = new int[4][7 * 40];
        actual.fill(number, 7, 40, arrays[0], arrays[1]);
        expected.fill(number, 7, 40, arrays[2], arrays[3]);
        assertThat(arrays[0]).isEqualTo(arrays[2]);
        assertThat(arrays[1]).isEqualTo(arrays[3]);
    }

    @Test
    void requestsAreAsLargeAsANodeTakes() {
        int most = DataNode.MOST_TOKENS;
        assertThat(RemoteTokens.requests(
                        List.of(new TokenRange(5, most - 1), new TokenRange(0, 0), new TokenRange(7, most + 2))))
                .containsExactly(
                        List.of(new TokenRange(5, most - 1), new TokenRange(7, 1)),
                        List.of(new TokenRange(8, most)),
                        List.of(new TokenRange(8L + most, 1)));
        assertThat(RemoteTokens.requests(Collections.nCopies(DataNode.MOST_RANGES + 1, new TokenRange(0, 1))))
                .extracting(List::size)
                .containsExactly(DataNode.MOST_RANGES, 1);
    }

    @Test
    void anotherNodeGoesOnWhereOneIsLostOrSilent() {
        TokenShards corpus = TestCorpus.prepare(root, 1, TOKENS);
        addMortalNode(3, true);
        addMortalNode(2, false);
        RemoteTokens far = open(corpus);
        TokenBatches remote = new TokenBatches(far, BatchOrder.SHUFFLED, 5);
        TokenBatches near = new TokenBatches(corpus, BatchOrder.SHUFFLED, 5);
        for (long number = 0; number < 5; number++) {
            assertSameBatch(remote, near, number);
        }
        addNode();
        for (long number = 5; number < 20; number++) {
            assertSameBatch(remote, near, number);
        }
    }

    @Test
    void aNodeIsWaitedFor() throws Exception {
        TokenShards corpus = TestCorpus.prepare(root, 1, TOKENS);
        CompletableFuture<RemoteTokens> opening = CompletableFuture.supplyAsync(() -> open(corpus));
        TimeUnit.MILLISECONDS.sleep(300);
        assertThat(opening).isNotDone();
        addNode();
        RemoteTokens far = opening.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        assertThat(far.tokens()).isEqualTo(corpus.tokens());
    }

    @Test
    void whoWaitsInVainIsToldWhatNodesSay() {
        TokenShards corpus = TestCorpus.prepare(root, 1, TOKENS);
        Duration patience = Duration.ofMillis(300);
        assertThatThrownBy(() -> nodes(corpus, patience).describe())
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("the cluster has no data node")
                .hasMessageContaining("data.nodeWaitSeconds");
        addNode();
        String none = root.resolve("none").toString();
        assertThatThrownBy(() -> new DataNodes(kit.system(), none, patience, () -> false).describe())
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("there are no token shards in " + none);
    }

    @Test
    void aWaitEndsWithAnInterruptionOrWhenNobodyWants() throws Exception {
        TokenShards corpus = TestCorpus.prepare(root, 1, TOKENS);
        PeerThread thread = new PeerThread("waits");
        CompletableFuture<?> waiting = thread.run(() -> nodes(corpus, PATIENCE).describe());
        TimeUnit.MILLISECONDS.sleep(200);
        thread.interrupt();
        assertThat(waiting)
                .failsWithin(Duration.ofSeconds(1))
                .withThrowableThat()
                .withCauseInstanceOf(CommunicationException.class);
        thread.close();

        AtomicBoolean cancelled = new AtomicBoolean();
        CompletableFuture<?> unwanted = CompletableFuture.supplyAsync(
                () -> new DataNodes(kit.system(), corpus.name(), PATIENCE, cancelled::get).describe());
        cancelled.set(true);
        assertThatThrownBy(() -> unwanted.get(5, TimeUnit.SECONDS)).hasRootCauseInstanceOf(CancellationException.class);
    }

    @Test
    void nodesWithDifferentFilesAreNoticed() {
        TokenShards corpus = TestCorpus.prepare(root.resolve("a"), 1, TOKENS);
        TokenShards other = TestCorpus.prepare(root.resolve("b"), 2, TOKENS);
        addNode();
        RemoteTokens far = open(corpus);
        ActorRef<Command> real = kit.spawn(DataNode.unregistered(new DataNodeLimits(4, 4, 16)));
        kit.spawn(Elsewhere.of(
                real, root.resolve("a").toString(), root.resolve("b").toString()));
        kit.createTestProbe().awaitAssert(PATIENCE, () -> {
            assertThatThrownBy(() -> open(corpus))
                    .isInstanceOf(TroupeException.class)
                    .hasMessageContaining("have different corpora in " + corpus.name());
            return null;
        });
        assertThat(other.tokens()).isEqualTo(corpus.tokens());
        for (int i = 0; i < 10; i++) { // nothing comes from the one that has another
            int[] tokens = new int[50];
            far.copy(i * 50L, tokens, 0, 50);
            assertThat(tokens).isEqualTo(corpus.copyOfRange(i * 50L, i * 50L + 50));
        }
    }
}
