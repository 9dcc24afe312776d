package dev.troupe.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.troupe.deploy.cluster.ChildJvm;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run whose tokens come from data nodes, processes of their own; one is killed while it trains. */
class DataNodesIT {
    private static final Duration TIMEOUT = Duration.ofMinutes(3);
    private static final Pattern METRICS = Pattern.compile("metrics (http://[^/\\s]+)");
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    @Test
    void anotherDataNodeGoesOnWhereOneIsKilled() throws Exception {
        SmallTraining.writeText(dir, 10_000);
        JsonNode near = SmallTraining.undisturbed(dir, train("near"));

        int port = ChildJvm.freePort();
        String seeds = "[\"akka://troupe@127.0.0.1:" + port + "\"]";
        try (TroupeProcess first = up("data", port, "[]");
                TroupeProcess second = up("data", 0, seeds);
                TroupeProcess trainer = up("trainer", 0, seeds);
                TroupeProcess train = TroupeProcess.start(
                        dir, train("far", "data.from=nodes", "mesh.nodes=2", "akka.cluster.seed-nodes=" + seeds))) {
            TroupeProcess read = awaitReads(train, first, second);
            TroupeProcess other = read == first ? second : first;
            long before = tokens(other);
            read.kill();
            JsonNode far = train.await(TIMEOUT).expectExit(0).json();

            assertThat(far.path("valLoss").asDouble())
                    .isEqualTo(near.path("valLoss").asDouble());
            assertSameStates(near, far);
            assertThat(tokens(other)).as("tokens of the one that is left").isGreaterThan(before);
            assertThat(trainer.isAlive()).isTrue();
            assertThat(Files.readString(dir.resolve("far/metrics.jsonl")))
                    .as("nobody took a trainer for lost")
                    .doesNotContain("\"recovery\"");
        }
    }

    /** The node that ranks read from, while they do; both have opened the corpus then. */
    private static TroupeProcess awaitReads(TroupeProcess train, TroupeProcess first, TroupeProcess second)
            throws IOException, InterruptedException {
        long end = System.nanoTime() + TIMEOUT.toNanos();
        while (true) {
            for (TroupeProcess node : List.of(first, second)) {
                if (tokens(node) > 1000) {
                    return node;
                }
            }
            assertThat(train.isAlive()).as(train.standardError()).isTrue();
            assertThat(System.nanoTime()).isLessThan(end);
            TroupeProcess.pause(20);
        }
    }

    /** That a data node has given. */
    private static long tokens(TroupeProcess node) throws IOException, InterruptedException {
        node.awaitOutput("its port", TIMEOUT, output -> METRICS.matcher(output).find());
        Matcher url = METRICS.matcher(node.standardError());
        assertThat(url.find()).isTrue();
        try (HttpClient http = HttpClient.newHttpClient()) {
            JsonNode status = JSON.readTree(http.send(
                            HttpRequest.newBuilder(URI.create(url.group(1) + "/status"))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body());
            assertThat(status.path("roles").path(0).asText()).isEqualTo("data");
            return status.path("data").path("tokens").asLong();
        }
    }

    private void assertSameStates(JsonNode expected, JsonNode actual) throws IOException {
        Path checkpoint = dir.resolve(expected.path("checkpoint").asText());
        try (Stream<Path> files = Files.list(checkpoint)) {
            List<Path> shards = files.filter(
                            file -> file.getFileName().toString().startsWith("rank-"))
                    .toList();
            assertThat(shards).isNotEmpty();
            for (Path shard : shards) {
                Path other = dir.resolve(actual.path("checkpoint").asText()).resolve(shard.getFileName());
                assertThat(Files.mismatch(shard, other)).as(shard.toString()).isEqualTo(-1);
            }
        }
    }

    private TroupeProcess up(String profile, int port, String seeds) {
        return TroupeProcess.start(
                dir,
                "up",
                "--config",
                profile,
                "-D",
                "akka.remote.artery.canonical.port=" + port,
                "-D",
                "akka.cluster.seed-nodes=" + seeds);
    }

    private static String[] train(String out, String... settings) {
        List<String> all = new ArrayList<>(List.of(
                "data.tokenizer=char",
                "train.batch=2",
                "train.threads=1",
                "train.steps=200",
                "train.accumulation=4",
                "mesh.data=2",
                "eval.everySteps=100"));
        all.addAll(List.of(settings));
        return SmallTraining.train(out, all);
    }
}
