package dev.troupe.actors.training.data;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.SerializationTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import akka.actor.typed.DispatcherSelector;
import akka.serialization.SerializationExtension;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.training.data.DataNode.Answer;
import dev.troupe.actors.training.data.DataNode.Busy;
import dev.troupe.actors.training.data.DataNode.Described;
import dev.troupe.actors.training.data.DataNode.Refused;
import dev.troupe.actors.training.data.DataNode.Reported;
import dev.troupe.actors.training.data.DataNode.TokensRead;
import dev.troupe.model.data.TokenRange;
import dev.troupe.model.data.TokenShards;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a data node answers, alone. Its one thread for files can be held up. */
class DataNodeTest {
    private static final ActorTestKit KIT = ActorTestKit.create(
            "data-node-test",
            ConfigFactory.parseString("akka.actor.provider = local, akka.coordinated-shutdown.exit-jvm = off,"
                            + " akka.actor.default-blocking-io-dispatcher.thread-pool-executor.fixed-pool-size = 1")
                    .withFallback(ConfigFactory.load()));
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir
    private Path root;

    private final TestProbe<Answer> answers = KIT.createTestProbe();

    @AfterAll
    static void stop() {
        KIT.shutdownTestKit();
    }

    private static ActorRef<DataNode.Command> node(int openCorpora, int reads, int waiting) {
        return KIT.spawn(DataNode.unregistered(new DataNodeLimits(openCorpora, reads, waiting)));
    }

    private static ActorRef<DataNode.Command> node() {
        return node(4, 4, 16);
    }

    private DataNode.Describe describe(TokenShards corpus) {
        return new DataNode.Describe(corpus.name(), answers.getRef());
    }

    private DataNode.Read read(TokenShards corpus, TokenRange... ranges) {
        return new DataNode.Read(corpus.name(), corpus.sha256(), List.of(ranges), answers.getRef());
    }

    private <T extends Answer> T await(Class<T> type) {
        return answers.expectMessageClass(type, PATIENCE);
    }

    private int[] tokens() {
        PackedTokens packed = await(TokensRead.class).tokens();
        int[] tokens = new int[packed.count()];
        packed.unpack(tokens, 0);
        return tokens;
    }

    @Test
    void givesTokensOfRangesInTheirOrder() {
        TokenShards corpus = TestCorpus.prepare(root, 1, 5000);
        ActorRef<DataNode.Command> node = node();
        node.tell(describe(corpus));
        assertThat(await(Described.class))
                .isEqualTo(
                        new Described(corpus.tokens(), corpus.vocabSize(), corpus.tokenizerSha256(), corpus.sha256()));
        node.tell(read(corpus, new TokenRange(700, 3), new TokenRange(0, 2), new TokenRange(corpus.tokens(), 0)));
        assertThat(tokens())
                .containsExactly(
                        corpus.token(700), corpus.token(701), corpus.token(702), corpus.token(0), corpus.token(1));
        TestProbe<Reported> reports = KIT.createTestProbe();
        node.tell(new DataNode.Report(reports.getRef()));
        assertThat(reports.receiveMessage(PATIENCE)).isEqualTo(new Reported(List.of(corpus.name()), 5));
    }

    @Test
    void opensACorpusForAReadToo() {
        TokenShards corpus = TestCorpus.prepare(root, 1, 5000);
        node().tell(read(corpus, new TokenRange(0, 100)));
        assertThat(tokens()).isEqualTo(corpus.copyOfRange(0, 100));
    }

    @Test
    void whatCannotBeReadIsRefusedWithTheReason() throws IOException {
        TokenShards corpus = TestCorpus.prepare(root.resolve("good"), 1, 50_000);
        ActorRef<DataNode.Command> node = node();
        node.tell(new DataNode.Describe(root.resolve("none").toString(), answers.getRef()));
        assertThat(await(Refused.class).message()).contains("there are no token shards in", "none");
        node.tell(new DataNode.Describe("good/train", answers.getRef()));
        assertThat(await(Refused.class).message()).contains("not the whole path");
        node.tell(new DataNode.Describe("\0", answers.getRef()));
        assertThat(await(Refused.class).message()).contains("no path");
        node.tell(read(corpus, new TokenRange(corpus.tokens() - 1, 2)));
        assertThat(await(Refused.class).message()).contains("are asked for, but");
        node.tell(read(corpus, new TokenRange(0, DataNode.MOST_TOKENS + 1)));
        assertThat(await(Refused.class).message()).contains("is more than");
        node.tell(new DataNode.Read(
                corpus.name(),
                corpus.sha256(),
                Collections.nCopies(DataNode.MOST_RANGES + 1, new TokenRange(0, 1)),
                answers.getRef()));
        assertThat(await(Refused.class).message()).contains("is more than");
        node.tell(new DataNode.Read(corpus.name(), "0f", List.of(new TokenRange(0, 1)), answers.getRef()));
        assertThat(await(Refused.class).message()).contains("is not the one that is asked for");

        TokenShards damaged = TestCorpus.prepare(root.resolve("bad"), 2, 5000);
        Path shard = damaged.directory().resolve("shard-00000.tokens");
        byte[] bytes = Files.readAllBytes(shard);
        bytes[1000] ^= 1;
        Files.write(shard, bytes);
        node.tell(describe(damaged));
        assertThat(await(Refused.class).message()).contains("checksum of its tokens is wrong");
    }

    @Test
    void aCorpusThatWasPreparedAnewIsAnotherOne() throws IOException {
        TokenShards corpus = TestCorpus.prepare(root.resolve("a"), 1, 5000);
        TokenShards other = TestCorpus.prepare(root.resolve("b"), 2, 5000);
        ActorRef<DataNode.Command> node = node();
        node.tell(describe(corpus));
        assertThat(await(Described.class).sha256()).isEqualTo(corpus.sha256());
        Path file = corpus.directory().resolve("shard-00000.tokens");
        Files.delete(file);
        Files.copy(other.directory().resolve("shard-00000.tokens"), file);
        node.tell(describe(corpus));
        assertThat(await(Described.class).sha256()).isEqualTo(other.sha256()).isNotEqualTo(corpus.sha256());
        node.tell(read(corpus, new TokenRange(0, 1)));
        assertThat(await(Refused.class).message()).contains("prepared again");
    }

    @Test
    void whatWasClosedIsOpenedAgain() {
        TokenShards one = TestCorpus.prepare(root.resolve("one"), 1, 5000);
        TokenShards two = TestCorpus.prepare(root.resolve("two"), 2, 5000);
        ActorRef<DataNode.Command> node = node(1, 1, 16);
        for (int i = 0; i < 3; i++) {
            node.tell(read(one, new TokenRange(i, 10)));
            node.tell(read(two, new TokenRange(i, 10)));
            assertThat(List.of(tokens(), tokens()))
                    .usingRecursiveFieldByFieldElementComparator()
                    .containsExactlyInAnyOrder(one.copyOfRange(i, i + 10L), two.copyOfRange(i, i + 10L));
        }
        TestProbe<Reported> reports = KIT.createTestProbe();
        node.tell(new DataNode.Report(reports.getRef()));
        assertThat(reports.receiveMessage(PATIENCE).folders()).hasSize(1);
    }

    @Test
    void whoAsksForMoreThanMayWaitIsToldSo() throws InterruptedException {
        TokenShards corpus = TestCorpus.prepare(root, 1, 5000);
        ActorRef<DataNode.Command> node = node(4, 1, 2);
        node.tell(describe(corpus));
        await(Described.class);
        CountDownLatch held = new CountDownLatch(1);
        CountDownLatch blocked = new CountDownLatch(1);
        KIT.system().dispatchers().lookup(DispatcherSelector.blocking()).execute(() -> {
            blocked.countDown();
            try {
                held.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        blocked.await();
        for (int i = 0; i < 4; i++) {
            node.tell(read(corpus, new TokenRange(i, 1)));
        }
        await(Busy.class); // one is read, two wait
        for (int i = 0; i < 3; i++) {
            node.tell(describe(corpus));
        }
        await(Busy.class);
        answers.expectNoMessage(Duration.ofMillis(50));
        held.countDown();
        List<Answer> rest = answers.receiveSeveralMessages(5, PATIENCE);
        assertThat(rest).filteredOn(TokensRead.class::isInstance).hasSize(3);
        assertThat(rest).filteredOn(Described.class::isInstance).hasSize(2);
    }

    static List<Object> messages() {
        ActorRef<Answer> replyTo = KIT.createTestProbe(Answer.class).getRef();
        return List.of(
                new DataNode.Describe("/runs/a/tokens/train", replyTo),
                new DataNode.Read("/runs/a/tokens/train", "0f", List.of(new TokenRange(1L << 40, 5)), replyTo),
                new DataNode.Report(KIT.createTestProbe(Reported.class).getRef()),
                new Described(1L << 40, 65, "0e", "0f"),
                new TokensRead(PackedTokens.of(new int[] {0, 1, 65_535}, 1 << 16)),
                new TokensRead(PackedTokens.of(new int[] {0, 65_536}, 1 << 17)),
                new Busy(),
                new Refused("gone"),
                new Reported(List.of("/runs/a/tokens/train"), 1L << 40));
    }

    @ParameterizedTest
    @MethodSource("messages")
    void survivesTheWire(Object message) {
        new SerializationTestKit(KIT.system()).verifySerialization(message, true);
    }

    /** Akka's own limit, in case that a node is not configured as Troupe's are. */
    @Test
    void theLargestAnswerFitsAFrame() {
        int[] tokens = new int[DataNode.MOST_TOKENS];
        Arrays.fill(tokens, 100_000);
        TokensRead largest = new TokensRead(PackedTokens.of(tokens, 1 << 17));
        byte[] bytes = SerializationExtension.get(KIT.system().classicSystem())
                .serialize(largest)
                .get();
        assertThat(bytes.length).isLessThan(200 * 1024);
        int[] unpacked = new int[tokens.length];
        largest.tokens().unpack(unpacked, 0);
        assertThat(unpacked).isEqualTo(tokens);
    }
}
