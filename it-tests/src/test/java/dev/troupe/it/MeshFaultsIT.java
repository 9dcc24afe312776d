package dev.troupe.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.troupe.actors.training.TrainingSummary;
import dev.troupe.actors.training.run.Decision;
import dev.troupe.actors.training.run.DecisionLog;
import dev.troupe.deploy.cluster.ChildJvm;
import dev.troupe.deploy.node.TroupeNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A run on several processes: what its nodes say of it over HTTP, a node that stands still for less than the others'
 * patience, the loss of all nodes at once, the same run on another number of them, and a node that fails whenever it is
 * restarted.
 */
class MeshFaultsIT {
    private static final Duration TIMEOUT = Duration.ofMinutes(3);
    private static final int STEPS = 80;
    private static final int WORDS = 10_000;
    private static final String RUN = "killed";
    private static final Pattern STEP = Pattern.compile("step-(\\d+)");
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    @Test
    void allNodesAreKilledAtOnceAndOthersGoOn() throws IOException {
        SmallTraining.writeText(dir, WORDS);
        JsonNode whole = SmallTraining.undisturbed(dir, train("whole", 1, "[]"));

        int port = ChildJvm.freePort();
        String seeds = seeds(port);
        try (TroupeProcess node = up(port, "[]");
                TroupeProcess train = TroupeProcess.start(dir, train(RUN, 2, seeds))) {
            URI curve = curveOf(node);
            JsonNode run = await(
                    train, curve, answer -> answer.path("curve").path("step").asInt() >= 5);
            assertThat(run.path("run").asText()).isEqualTo(RUN);
            JsonNode view = run.path("curve");
            assertThat(view.path("nodes"))
                    .hasSize(2)
                    .allSatisfy(seat -> assertThat(
                                    seat.path("memory").path("weights").asLong())
                            .isPositive());
            assertThat(view.path("speed")).isNotEmpty();
            assertThat(view.path("speed").get(0).path("tokensPerSecond").asDouble())
                    .isPositive();
            assertThat(view.path("losses").path("training")).isNotEmpty();

            node.signal("STOP");
            TroupeProcess.pause(800); // others give it two seconds
            node.signal("CONT");
            int step = run.path("curve").path("step").asInt();
            run = await(
                    train, curve, answer -> answer.path("curve").path("step").asInt() >= step + 10);
            assertThat(run.path("curve").path("recoveries"))
                    .as("nothing was lost")
                    .isEmpty();
            assertThat(node.isAlive()).isTrue();

            await(train, curve, _ -> Files.exists(dir.resolve(RUN + "/checkpoints/step-00000020/manifest.json")));
            train.kill();
            node.kill();
        }

        try (TroupeProcess first = up(port, "[]");
                TroupeProcess second = up(0, seeds)) {
            JsonNode resumed = SmallTraining.resumed(dir, RUN, "mesh.nodes=3");
            assertThat(resumed.path("steps").asInt()).isEqualTo(STEPS);
            assertThat(resumed.path("valLoss").asDouble())
                    .isEqualTo(whole.path("valLoss").asDouble());
            assertSameStates(whole, resumed);
            assertThat(first.isAlive() && second.isAlive()).isTrue();
        }
        assertReport();
    }

    /**
     * A resolver that ends all nodes when one is lost, as any may do when it cannot tell what is wrong: they come
     * together again by themselves, without the one that was lost, and go on from the latest checkpoint. The second
     * time the lost one is the process that began the run.
     */
    @Test
    void allNodesAreRemovedAtOnceAndComeTogetherAgain() throws IOException {
        SmallTraining.writeText(dir, WORDS);
        String steps = "train.steps=320"; // there are some left when the resolver decides
        String small = "train.accumulation=4";
        JsonNode whole = SmallTraining.undisturbed(dir, train("whole", 1, "[]", steps, small));

        String all = "akka.cluster.split-brain-resolver.active-strategy=down-all";
        String soon = "akka.cluster.split-brain-resolver.stable-after=1s";
        int port = ChildJvm.freePort();
        String seeds = seeds(port);
        try (TroupeProcess first = up(port, "[]", all, soon);
                TroupeProcess second = up(0, seeds, all, soon);
                TroupeProcess lost = up(0, seeds, all, soon);
                TroupeProcess train = TroupeProcess.start(dir, train(RUN, 4, seeds, steps, small, all, soon))) {
            awaitCheckpoint(20, train);
            lost.kill();
            for (TroupeProcess node : List.of(first, second, train)) {
                node.awaitOutput("that it begins again", TIMEOUT, MeshFaultsIT::beginsAgain);
            }
            awaitCheckpoint(lastCheckpoint() + 40, train);
            train.kill();
            TrainingSummary summary = awaitEnd(first);
            assertThat(second.isAlive()).isTrue();
            for (TroupeProcess node : List.of(first, second)) {
                assertThat(node.standardError().split(TroupeNode.AGAIN, -1)).hasSize(3);
                awaitNoTensors(node);
            }
            assertThat(summary.valLoss()).isEqualTo(whole.path("valLoss").asDouble());
            assertSameStates(whole, Path.of(summary.checkpoint()));
        }
        assertThat(Files.readString(dir.resolve(RUN + "/metrics.jsonl")).split("no copy left in memory", -1))
                .as("twice back to a checkpoint")
                .hasSize(3);
    }

    private static boolean beginsAgain(String output) {
        return output.contains(TroupeNode.AGAIN);
    }

    private void awaitCheckpoint(int step, TroupeProcess node) {
        awaitUntil(node, () -> lastCheckpoint() >= step);
    }

    /** The end that is recorded of a run that nobody watches. */
    private TrainingSummary awaitEnd(TroupeProcess node) {
        awaitUntil(node, () -> recordedEnd().isPresent());
        Decision.Ended ended = recordedEnd().orElseThrow();
        assertThat(ended.failure()).isNull();
        return Objects.requireNonNull(ended.summary());
    }

    private Optional<Decision.Ended> recordedEnd() {
        return DecisionLog.latest(dir.resolve(RUN)).map(DecisionLog.History::ended);
    }

    /** What the run's folder shows at some time while the node lives. */
    private static void awaitUntil(TroupeProcess node, BooleanSupplier holds) {
        long end = System.nanoTime() + TIMEOUT.toNanos();
        while (!holds.getAsBoolean()) {
            assertThat(node.isAlive()).as(node.standardError()).isTrue();
            assertThat(System.nanoTime()).as(node.standardError()).isLessThan(end);
            TroupeProcess.pause(20);
        }
    }

    /** The step of the latest checkpoint that is whole; 0 for none. */
    private int lastCheckpoint() {
        Path checkpoints = dir.resolve(RUN + "/checkpoints");
        if (!Files.isDirectory(checkpoints)) {
            return 0;
        }
        try (Stream<Path> all = Files.list(checkpoints)) {
            return all.filter(checkpoint -> Files.exists(checkpoint.resolve("manifest.json")))
                    .map(checkpoint -> STEP.matcher(checkpoint.getFileName().toString()))
                    .filter(Matcher::matches) // and not one that is being written
                    .mapToInt(name -> Integer.parseInt(name.group(1)))
                    .max()
                    .orElse(0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The run has ended, so that nothing of it is left, nor of what the node had before it was removed. */
    private static void awaitNoTensors(TroupeProcess node) throws IOException {
        URI url = node.awaitMetrics(TIMEOUT);
        long end = System.nanoTime() + TIMEOUT.toNanos();
        try (HttpClient http = HttpClient.newHttpClient()) {
            while (true) {
                String metrics = http.send(HttpRequest.newBuilder(url).build(), HttpResponse.BodyHandlers.ofString())
                        .body();
                List<String> owners = metrics.lines()
                        .filter(line -> line.startsWith("troupe_native_memory"))
                        .toList();
                assertThat(owners).isNotEmpty();
                if (owners.stream().allMatch(line -> line.endsWith(" 0.0"))) {
                    return;
                }
                assertThat(System.nanoTime()).as(owners.toString()).isLessThan(end);
                TroupeProcess.pause(100);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    /** It leads the run when it fails first, so that the next coordinator must know it again; then it is another's. */
    @Test
    void aNodeThatFailsAgainAndAgainGetsNoRanksAnyMore() throws IOException {
        SmallTraining.writeText(dir, WORDS);
        int first = ChildJvm.freePort();
        int second = ChildJvm.freePort();
        String worn = "troupe.node.identity=worn";
        try (TroupeProcess failing = up(first, "[]", worn);
                TroupeProcess good = up(second, seeds(first));
                TroupeProcess train = TroupeProcess.start(
                        dir,
                        train(
                                RUN,
                                "train.steps=1000000",
                                "train.accumulation=6",
                                "mesh.data=3",
                                "mesh.nodes=3",
                                "mesh.excludeAfterFailures=2",
                                "eval.everySteps=0",
                                "akka.cluster.seed-nodes=" + seeds(first)))) {
            URI curve = curveOf(good);
            await(train, curve, run -> hasRanks(run, first) && step(run) > 5);
            failing.kill();

            int again = ChildJvm.freePort();
            try (TroupeProcess restarted = up(again, seeds(second), worn)) {
                await(train, curve, run -> hasRanks(run, again));
                assertThat(train.standardError()).doesNotContain("gets no ranks any more");
                restarted.kill();
            }

            int last = ChildJvm.freePort();
            try (TroupeProcess restarted = up(last, seeds(second), worn)) {
                JsonNode lost = await(train, curve, run -> !hasRanks(run, again));
                URI ofRestarted = curveOf(restarted);
                JsonNode seen = await(train, ofRestarted, run -> step(run) > step(lost)); // it was told of the run
                JsonNode run = await(train, curve, now -> step(now) >= step(seen) + 20);
                assertThat(hasRanks(run, last)).as(run.toString()).isFalse();
                assertThat(numRecoveries(run)).isEqualTo(numRecoveries(lost));
                assertThat(train.standardError()).contains("worn").contains("gets no ranks any more");
                assertThat(restarted.isAlive() && good.isAlive()).isTrue();
            }
        }
    }

    private static int step(JsonNode run) {
        return run.path("curve").path("step").asInt();
    }

    private static int numRecoveries(JsonNode run) {
        return run.path("curve").path("recoveries").size();
    }

    private static boolean hasRanks(JsonNode run, int port) {
        for (JsonNode node : run.path("curve").path("nodes")) {
            if (node.path("node").asText().endsWith(":" + port)) {
                return true;
            }
        }
        return false;
    }

    private static String seeds(int port) {
        return "[\"akka://troupe@127.0.0.1:" + port + "\"]";
    }

    private void assertReport() throws IOException {
        JsonNode report = JSON.readTree(dir.resolve(RUN + "/report.json").toFile());
        assertThat(report.path("nodes")).as("nodes of the resumed run").hasSize(3);
        assertThat(report.path("recoveries").isArray()).isTrue();
        assertThat(Files.readString(dir.resolve(RUN + "/report.html")))
                .contains("Tokens a second", "Share of the float32 peak", "Waiting for other ranks")
                .contains("Memory of tensors by node");
    }

    private void assertSameStates(JsonNode expected, JsonNode actual) throws IOException {
        assertSameStates(expected, Path.of(actual.path("checkpoint").asText()));
    }

    private void assertSameStates(JsonNode expected, Path actual) throws IOException {
        Path checkpoint = dir.resolve(expected.path("checkpoint").asText());
        try (Stream<Path> files = Files.list(checkpoint)) {
            List<Path> shards = files.filter(
                            file -> file.getFileName().toString().startsWith("rank-"))
                    .toList();
            assertThat(shards).hasSize(4);
            for (Path shard : shards) {
                Path other = dir.resolve(actual).resolve(shard.getFileName());
                assertThat(Files.mismatch(shard, other)).as(shard.toString()).isEqualTo(-1);
            }
        }
    }

    private TroupeProcess up(int port, String seeds, String... settings) {
        List<String> args = new ArrayList<>(List.of("up", "--config", "trainer"));
        for (String setting :
                List.of("akka.remote.artery.canonical.port=" + port, "akka.cluster.seed-nodes=" + seeds)) {
            args.addAll(List.of("-D", setting));
        }
        for (String setting : settings) {
            args.addAll(List.of("-D", setting));
        }
        return TroupeProcess.start(dir, args.toArray(String[]::new));
    }

    private static URI curveOf(TroupeProcess node) {
        Pattern announced = Pattern.compile("the run's curve (http://\\S+/run)");
        node.awaitOutput(
                "where it serves", TIMEOUT, output -> announced.matcher(output).find());
        Matcher url = announced.matcher(node.standardError());
        assertThat(url.find()).isTrue();
        return URI.create(url.group(1));
    }

    /** What the node says of the run, as soon as that is as wanted. */
    private static JsonNode await(TroupeProcess train, URI curve, Predicate<JsonNode> wanted) throws IOException {
        long end = System.nanoTime() + TIMEOUT.toNanos();
        try (HttpClient http = HttpClient.newHttpClient()) {
            while (true) {
                JsonNode answer = JSON.readTree(
                        http.send(HttpRequest.newBuilder(curve).build(), HttpResponse.BodyHandlers.ofString())
                                .body());
                if (wanted.test(answer)) {
                    return answer;
                }
                assertThat(train.isAlive()).as(train.standardError()).isTrue();
                assertThat(System.nanoTime()).as(answer.toString()).isLessThan(end);
                TroupeProcess.pause(20);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    private static String[] train(String out, int nodes, String seeds, String... more) {
        List<String> settings = new ArrayList<>(List.of(
                "train.steps=" + STEPS,
                "train.accumulation=8",
                "mesh.data=2",
                "mesh.pipeline=2",
                "mesh.nodes=" + nodes,
                "eval.everySteps=40",
                "akka.cluster.seed-nodes=" + seeds));
        settings.addAll(List.of(more)); // of a key that is set twice, the later one counts
        return train(out, settings.toArray(String[]::new));
    }

    private static String[] train(String out, String... settings) {
        List<String> all =
                new ArrayList<>(List.of("data.tokenizer=char", "train.batch=2", "train.threads=1", "mesh.zero=1"));
        all.addAll(List.of(settings));
        return SmallTraining.train(out, all);
    }
}
