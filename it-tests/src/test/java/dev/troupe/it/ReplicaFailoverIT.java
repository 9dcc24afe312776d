package dev.troupe.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.tokenizer.BpeTrainer;
import dev.troupe.model.tokenizer.Tokenizer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** README's front and a replica of the same model in a process of its own, which is killed while it answers. */
class ReplicaFailoverIT {
    private static final String COMPLETIONS = "/v1/completions";
    private static final Duration START = Duration.ofMinutes(1);
    private static final int NUM_STREAMS = 4;
    private static final int NUM_TOKENS = 250;
    private static final Pattern LOST = Pattern.compile("is lost with (\\d+) answers in flight");
    private static final Tokenizer TOKENIZER =
            BpeTrainer.train(List.of("one goes on where another ended"), 280, List.of(BpeTrainer.END_OF_TEXT), 1);

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    /** 20 million weights: an answer takes seconds, so that no stream is over when its replica is killed. */
    private Path writeModel() {
        ModelConfig config = RandomModelServer.llama(TOKENIZER.vocabSize(), 512, 8, 8, 4, 1152, 512);
        Path directory = dir.resolve("random");
        RandomModelServer.write(directory, config, 31, TOKENIZER);
        return directory;
    }

    private static ObjectNode request(String model, int seed) {
        ObjectNode request = ServingNode.JSON
                .createObjectNode()
                .put("model", model)
                .put("prompt", "one goes on")
                .put("max_tokens", NUM_TOKENS)
                .put("temperature", 1)
                .put("seed", seed);
        request.set(
                "logit_bias", ServingNode.JSON.createObjectNode().put(Integer.toString(TOKENIZER.endOfText()), -100));
        return request;
    }

    private static String undisturbed(ServingNode front, int seed) throws Exception {
        HttpResponse<String> answer = front.post(
                COMPLETIONS, request(front.model(), seed).put("logprobs", 1).toString());
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        JsonNode choice = ServingNode.JSON.readTree(answer.body()).at("/choices/0");
        assertThat(choice.at("/logprobs/tokens")).hasSize(NUM_TOKENS);
        return choice.path("text").asText();
    }

    /** Asks until the replica has had its turn. */
    private static void awaitAnswers(ServingNode front, TroupeProcess replica) throws Exception {
        URI metrics = replica.awaitMetrics(START);
        String one = request(front.model(), 0).put("max_tokens", 1).toString();
        long end = System.nanoTime() + START.toNanos();
        try (HttpClient client = HttpClient.newHttpClient()) {
            while (ServingNode.metric(client, metrics, "troupe_serving_tokens_out_total", "model=") == 0) {
                assertThat(System.nanoTime())
                        .as("the replica is not asked\n%s", replica.standardError())
                        .isLessThan(end);
                assertThat(front.post(COMPLETIONS, one).statusCode()).isEqualTo(200);
                TroupeProcess.pause(50);
            }
        }
    }

    /** Answers of both are under way when one is killed with SIGKILL; each stream ends as if nothing had been. */
    @Test
    void answersOfAKilledReplicaGoOnWithTheSameBytes() throws Exception {
        Path path = writeModel();
        int port = TroupeProcess.freePort();
        try (ServingNode front = ServingNode.start(
                        dir,
                        TroupeProcess.JAVA_OPTIONS,
                        path,
                        "--config",
                        "front",
                        "-D",
                        "akka.remote.artery.canonical.port=" + port);
                TroupeProcess replica = TroupeProcess.start(
                        dir,
                        "up",
                        "--config",
                        "replica",
                        "--model",
                        path.toString(),
                        "-D",
                        "akka.cluster.seed-nodes=[\"akka://troupe@127.0.0.1:" + port + "\"]")) {
            List<String> expected = new ArrayList<>();
            for (int seed = 0; seed < NUM_STREAMS; seed++) {
                expected.add(undisturbed(front, seed));
            }
            assertThat(expected).doesNotHaveDuplicates();
            awaitAnswers(front, replica);

            List<RawHttp> streams = new ArrayList<>();
            List<StringBuilder> texts = new ArrayList<>();
            for (int seed = 0; seed < NUM_STREAMS; seed++) {
                RawHttp client = new RawHttp(front.httpPort());
                client.post(
                        COMPLETIONS,
                        request(front.model(), seed).put("stream", true).toString());
                streams.add(client);
                texts.add(new StringBuilder());
            }
            for (int i = 0; i < NUM_STREAMS; i++) {
                assertThat(streams.get(i).status()).isEqualTo(200);
                while (!CompletionEvents.append(streams.get(i).line(), texts.get(i))) {}
            }
            replica.kill();
            for (int i = 0; i < NUM_STREAMS; i++) {
                CompletionEvents.finish(streams.get(i), texts.get(i));
                streams.get(i).close();
                assertThat(texts.get(i).toString()).as("stream %d", i).isEqualTo(expected.get(i));
            }
            Matcher lost = LOST.matcher(front.log());
            assertThat(lost.find()).as(front.log()).isTrue();
            assertThat(Integer.parseInt(lost.group(1))).isBetween(1, NUM_STREAMS - 1);
            assertThat(undisturbed(front, 0)).isEqualTo(expected.getFirst());
        }
    }
}
