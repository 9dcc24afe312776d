package dev.troupe.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.it.GoldenModels.Golden;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * One node with a small heap under clients that do what they should not. After each test it holds nothing of theirs and
 * still gives the golden text.
 */
class ServingFaultsIT {
    /** More than the 1,024 that Akka HTTP lets in unless it is told otherwise. */
    private static final int IDLE = 1100;

    private static final int RUNNING_AND_QUEUED = 16 + 96; // of one client, by default
    private static final int MANY = 200;
    private static final int CONTEXT = 512; // tokens of the model
    private static final int VOCAB = 512;
    private static final int NUM_FUZZED = 700; // bodies of a seed
    private static final String COMPLETIONS = "/v1/completions";
    private static final String CHAT = "/v1/chat/completions";

    @TempDir
    @SuppressWarnings("NullAway.Init")
    static Path dir;

    private static @Nullable ServingNode running;
    private static String model = "";
    private static List<Golden> golden = List.of();

    @BeforeAll
    static void start() throws Exception {
        Path file = GoldenModels.find("stories260K/stories260K-F32.gguf");
        golden = GoldenModels.of("stories260K");
        running = ServingNode.start(
                dir,
                "-Xmx160m", // all that slow readers do not read would not fit
                file,
                "-D",
                "troupe.routing.streamBuffer=64",
                "-D",
                "akka.http.server.socket-options.so-send-buffer-size=65536", // a system's own may hold an answer
                "-D",
                "troupe.routing.requestDeadline=60s",
                "-D",
                "troupe.routing.http.bodyTimeout=2s");
        model = running.model();
    }

    @AfterAll
    static void stop() {
        if (running != null) {
            running.close();
        }
    }

    @AfterEach
    void theNodeHoldsNothingAndAnswersAsBefore() throws Exception {
        assertThat(node().isAlive()).as(node().log()).isTrue();
        node().awaitIdle();
        assertGolden();
        assertThat(node().log()).doesNotContain("OutOfMemory").doesNotContain("ERROR");
    }

    private static ServingNode node() {
        return Objects.requireNonNull(running);
    }

    private static ObjectNode body() {
        return ServingNode.JSON.createObjectNode().put("model", model);
    }

    private static void assertGolden() throws Exception {
        for (Golden entry : golden) {
            HttpResponse<String> answer = node().post(
                            COMPLETIONS,
                            body().put("prompt", entry.prompt())
                                    .put("max_tokens", entry.numTokens())
                                    .put("temperature", 0)
                                    .toString());
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
            assertThat(ServingNode.JSON
                            .readTree(answer.body())
                            .at("/choices/0/text")
                            .asText()
                            .strip())
                    .isEqualTo(entry.text());
        }
    }

    /** For an answer of so many tokens, which does not end before. */
    private static ObjectNode endless(int tokens) {
        return body().put("prompt", "Once")
                .put("max_tokens", tokens)
                .set(
                        "logit_bias",
                        ServingNode.JSON.createObjectNode().put("2", -100).put("1", -100));
    }

    /** Answers of some megabytes. */
    private static String longAnswers(int choices, boolean stream) {
        return endless(480)
                .put("n", choices)
                .put("logprobs", 20)
                .put("stream", stream)
                .toString();
    }

    /** More at once than one client may have under way and waiting: each is answered, or told when to come again. */
    @Test
    void whoFindsTheQueueFullIsToldWhenToComeAgain() throws Exception {
        String request = endless(120).toString();
        int answered = 0;
        List<RawHttp> clients = new ArrayList<>();
        try {
            for (int i = 0; i < MANY; i++) {
                clients.add(new RawHttp(node().httpPort()));
            }
            for (RawHttp client : clients) { // all are being served, so that requests come sooner than answers
                client.get("/healthz");
            }
            for (RawHttp client : clients) {
                Map<String, String> headers = new HashMap<>();
                assertThat(client.status(headers)).isEqualTo(200);
                client.body(headers);
            }
            for (RawHttp client : clients) {
                client.post(COMPLETIONS, request);
            }
            for (RawHttp client : clients) {
                Map<String, String> headers = new HashMap<>();
                int status = client.status(headers);
                if (status == 200) {
                    answered++;
                } else {
                    assertThat(status).isEqualTo(429);
                    assertThat(headers).containsKey("retry-after");
                    assertThat(client.body(headers)).contains("queue");
                }
            }
        } finally {
            for (RawHttp client : clients) {
                client.close();
            }
        }
        assertThat(answered).isBetween(RUNNING_AND_QUEUED, MANY - 1);
    }

    @Test
    void aThousandIdleConnectionsDisturbNobody() throws Exception {
        List<RawHttp> idle = new ArrayList<>();
        long start = System.nanoTime();
        try {
            for (int i = 0; i < IDLE; i++) {
                RawHttp connection = new RawHttp(node().httpPort());
                if (i % 2 == 0) { // half of them have begun a request
                    connection.send("POST /v1/completions HTTP/1.1\r\nHost: x\r\n".getBytes(StandardCharsets.US_ASCII));
                }
                idle.add(connection);
            }
            assertGolden();
            // One that the system turned away, as nobody took it in time, would have tried again after a second.
            assertThat((System.nanoTime() - start) / 1e9).as("seconds").isLessThan(5);
            for (int i = 1; i < IDLE; i += 110) { // they are all still there
                idle.get(i).get("/healthz");
                assertThat(idle.get(i).status()).isEqualTo(200);
            }
        } finally {
            for (RawHttp connection : idle) {
                connection.close();
            }
        }
    }

    @Test
    void readersThatDoNotReadAreCutOffAndOthersAreServed() throws Exception {
        List<RawHttp> readers = new ArrayList<>();
        try {
            for (int i = 0; i < 24; i++) {
                RawHttp reader = new RawHttp(node().httpPort());
                reader.post(COMPLETIONS, longAnswers(4, true));
                readers.add(reader);
            }
            assertGolden(); // waits its turn, but comes
            node().awaitIdle(); // though nobody has read a byte
            int cut = 0;
            for (RawHttp reader : readers) {
                assertThat(reader.status()).isEqualTo(200);
                reader.halfClose(); // so that the node closes its side, too
                if (reader.rest().contains("\"code\":\"slow_reader\"")) {
                    cut++;
                }
            }
            assertThat(cut).as("readers told that they were too slow").isEqualTo(readers.size());
        } finally {
            for (RawHttp reader : readers) {
                reader.close();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void connectionsThatBreakFreeTheirCacheAtOnce(boolean stream) throws Exception {
        List<RawHttp> clients = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            RawHttp client = new RawHttp(node().httpPort());
            client.post(COMPLETIONS, longAnswers(8, stream));
            clients.add(client);
        }
        if (stream) {
            assertThat(clients.getFirst().status()).isEqualTo(200);
            assertThat(clients.getFirst().line()).isNotEmpty();
        }
        node().awaitMetric("troupe_serving_kv_blocks_used", "model=", used -> used > 0);
        String gone = "status=\"(499|408)\""; // some may have been too slow before they broke
        double before = node().metric("troupe_serving_requests_total", gone);
        double tokens = node().metric("troupe_serving_tokens_out_total", "model=");
        for (int i = 0; i < clients.size(); i++) {
            if (i % 2 == 0) {
                clients.get(i).reset();
            } else {
                clients.get(i).close();
            }
        }
        node().awaitIdle();
        double after = node().metric("troupe_serving_tokens_out_total", "model=");
        assertThat(after - tokens).as("tokens for clients that are gone").isLessThan(10 * 8 * 480 / 10.0);
        node().awaitMetric("troupe_serving_requests_total", gone, count -> count >= before + 5);
    }

    private static JsonNode expect(int status, String path, ObjectNode body) throws Exception {
        HttpResponse<String> response = node().post(path, body.toString());
        assertThat(response.statusCode()).as(body + " -> " + response.body()).isEqualTo(status);
        return ServingNode.JSON.readTree(response.body());
    }

    private static ArrayNode tokens(int count) {
        ArrayNode ids = ServingNode.JSON.createArrayNode().add(1);
        for (int i = 1; i < count; i++) {
            ids.add(300 + i % 100);
        }
        return ids;
    }

    @Test
    void promptsAtAndPastTheContextAndFromNothing() throws Exception {
        ObjectNode fits = body().put("max_tokens", 10).put("temperature", 0);
        JsonNode last = expect(200, COMPLETIONS, fits.deepCopy().set("prompt", tokens(CONTEXT - 1)));
        assertThat(last.at("/usage/completion_tokens").asInt()).isEqualTo(1);
        assertThat(last.at("/choices/0/finish_reason").asText()).isEqualTo("length");
        for (int count : new int[] {CONTEXT, CONTEXT + 1, 10 * CONTEXT}) {
            JsonNode refused = expect(400, COMPLETIONS, fits.deepCopy().set("prompt", tokens(count)));
            assertThat(refused.at("/error/code").asText()).isEqualTo("context_length_exceeded");
            assertThat(refused.at("/error/message").asText()).contains("512", Integer.toString(count));
        }
        JsonNode text = expect(400, COMPLETIONS, fits.deepCopy().put("prompt", "word ".repeat(100_000)));
        assertThat(text.at("/error/code").asText()).isEqualTo("context_length_exceeded");

        // From nothing, this model begins with its beginning-of-text token, in every form of an empty prompt.
        for (JsonNode empty : List.of(
                ServingNode.JSON.createObjectNode().put("p", "").get("p"),
                ServingNode.JSON.createArrayNode().add(""),
                ServingNode.JSON.createArrayNode().add(ServingNode.JSON.createArrayNode()))) {
            JsonNode answer = expect(200, COMPLETIONS, fits.deepCopy().set("prompt", empty));
            assertThat(golden.getFirst().text())
                    .startsWith(answer.at("/choices/0/text").asText().strip());
            assertThat(answer.at("/usage/prompt_tokens").asInt()).isEqualTo(1);
        }
        expect(400, COMPLETIONS, fits.deepCopy().set("prompt", ServingNode.JSON.createArrayNode()));
        expect(400, CHAT, fits.deepCopy().set("messages", ServingNode.JSON.createArrayNode()));
        expect(400, COMPLETIONS, fits.deepCopy());
    }

    @Test
    void tokensOutsideTheVocabularyAndTextThatIsNone() throws Exception {
        for (String token : List.of("-1", Integer.toString(VOCAB), "2147483647")) {
            JsonNode refused = expect(
                    400,
                    COMPLETIONS,
                    body().put("prompt", "a")
                            .set(
                                    "logit_bias",
                                    ServingNode.JSON.createObjectNode().put(token, 5)));
            assertThat(refused.at("/error/param").asText()).isEqualTo("logit_bias");
            assertThat(refused.at("/error/message").asText()).contains(token, Integer.toString(VOCAB));
        }
        JsonNode refused =
                expect(400, COMPLETIONS, body().set("prompt", tokens(3).add(VOCAB)));
        assertThat(refused.at("/error/message").asText()).contains("512");

        byte[][] noText = {{'"', (byte) 0xFF, '"'}, {'"', (byte) 0xC3, '"'}};
        for (byte[] text : noText) {
            try (RawHttp client = new RawHttp(node().httpPort())) {
                byte[] before = ("{\"model\":\"" + model + "\",\"prompt\":").getBytes(StandardCharsets.UTF_8);
                client.send(RawHttp.head(COMPLETIONS, before.length + text.length + 1));
                client.send(before);
                client.send(text);
                client.send(new byte[] {'}'});
                assertThat(client.status()).isEqualTo(400);
            }
        }
        // Half a surrogate pair is JSON, but no character: it becomes a replacement mark.
        expect(200, COMPLETIONS, body().put("prompt", "x\ud800y").put("max_tokens", 1));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void mutatedBodiesAreAnsweredAndNeverWith500(long seed) throws Exception {
        BodyMutator mutator = new BodyMutator(seed, model);
        for (BodyMutator.Body good : mutator.originals()) {
            String json = new String(good.json(), StandardCharsets.UTF_8);
            assertThat(node().post(good.path(), json).statusCode()).as(json).isEqualTo(200);
        }
        int answered = 0;
        int refused = 0;
        RawHttp client = new RawHttp(node().httpPort());
        for (int i = 0; i < NUM_FUZZED; i++) {
            BodyMutator.Body next = mutator.next();
            byte[] body = next.json();
            boolean lie = i % 25 == 0; // about the length
            client.send(RawHttp.head(next.path(), lie ? body.length + 3L : body.length));
            client.send(body);
            if (lie) {
                client.halfClose();
            }
            int status = client.status();
            assertThat(status)
                    .as("seed %d, body %d for %s: %s", seed, i, next.path(), new String(body, StandardCharsets.UTF_8))
                    .isIn(lie ? List.of(0, 400) : List.of(200, 400, 404, 413));
            answered += status == 200 ? 1 : 0;
            refused += status == 400 ? 1 : 0;
            client.close();
            client = new RawHttp(node().httpPort());
        }
        client.close();
        assertThat(answered).isPositive();
        assertThat(refused).isGreaterThan(NUM_FUZZED / 4);
    }

    @Test
    void brokenFramesOfHttpNeverHarmTheNode() throws IOException {
        String post = "POST /v1/completions HTTP/1.1\r\nHost: x\r\n";
        String json = "Content-Type: application/json\r\n";
        String chunked = post + json + "Transfer-Encoding: chunked\r\n\r\n";
        List<String> frames = List.of(
                "GET\r\n\r\n",
                "\u0000\u0001\u0002\r\n\r\n",
                post + "Content-Length: -5\r\n\r\n",
                post + "Content-Length: 99999999999999999999\r\n\r\n",
                post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}",
                chunked + "ZZ\r\n{}\r\n0\r\n\r\n",
                chunked + "FFFFFFFFFFFFFFFF\r\n",
                post + "Content-Type: application/json; charset=none\r\nContent-Length: 2\r\n\r\n{}",
                post + "Content-Type: \u0007\r\nContent-Length: 2\r\n\r\n{}",
                "GET /v1/models/%zz%00 HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET /" + "a".repeat(100_000) + " HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + "b".repeat(100_000) + "\r\n\r\n",
                "GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n",
                "GET /healthz HTTP/1.1\r\n\r\n",
                "BREW /v1/models HTTP/1.1\r\nHost: x\r\n\r\n",
                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        for (String frame : frames) {
            try (RawHttp client = new RawHttp(node().httpPort())) {
                client.send(frame.getBytes(StandardCharsets.ISO_8859_1));
                client.halfClose();
                assertThat(client.status()).as(frame).isNotEqualTo(500);
            }
        }
    }
}
