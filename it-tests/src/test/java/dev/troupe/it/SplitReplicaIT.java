package dev.troupe.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.deploy.node.TroupeNode;
import dev.troupe.it.GoldenModels.Golden;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.format.ModelConverter;
import dev.troupe.model.tensor.NativeMemory;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tokenizer.BpeTrainer;
import dev.troupe.model.tokenizer.Tokenizer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments.ArgumentSet;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A model that is served by two processes, each with its part of it: the bytes of one, and a pause when one is killed.
 */
class SplitReplicaIT {
    private static final String COMPLETIONS = "/v1/completions";
    private static final Duration START = Duration.ofMinutes(1);
    /** Noticed after 1.5 s, removed 3 s later, and the model laid out anew. */
    private static final Duration TAKEN_OVER = Duration.ofSeconds(30);

    private static final Tokenizer TOKENIZER =
            BpeTrainer.train(List.of("two nodes serve what one cannot hold"), 280, List.of(BpeTrainer.END_OF_TEXT), 1);
    private static final List<String> PROMPTS = List.of("two nodes", "what", "", "hold hold hold");

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    /** The two commands of README. */
    private ServingNode startLeader(Path model, int port, String... more) {
        List<String> options = new ArrayList<>(List.of(
                "--config",
                "split",
                "-D",
                "akka.remote.artery.canonical.port=" + port,
                "-D",
                "troupe.routing.failoverWait=60s"));
        options.addAll(List.of(more));
        return ServingNode.start(dir, TroupeProcess.JAVA_OPTIONS, model, options.toArray(String[]::new));
    }

    private TroupeProcess startMember(int port, String... more) {
        List<String> options = new ArrayList<>(List.of(
                "up",
                "--config",
                "member",
                "-D",
                "akka.cluster.seed-nodes=[\"akka://troupe@127.0.0.1:" + port + "\"]",
                "-D",
                "troupe.node.metricsPort=0",
                "-D",
                ServingNode.TICK));
        options.addAll(List.of(more));
        return TroupeProcess.start(dir, options.toArray(String[]::new));
    }

    private static ObjectNode request(String model, String prompt, int maxTokens) {
        return ServingNode.JSON
                .createObjectNode()
                .put("model", model)
                .put("prompt", prompt)
                .put("max_tokens", maxTokens)
                .put("seed", 11)
                .put("logprobs", 5);
    }

    /** Where requests go. */
    private interface Server {
        HttpResponse<String> post(String path, String body) throws Exception;
    }

    private static List<JsonNode> answers(ServingNode node) throws Exception {
        return answers(node::post, node.model());
    }

    /** What a client gets for several prompts, with log-probabilities: all but the id and the time. */
    private static List<JsonNode> answers(Server server, String model) throws Exception {
        List<JsonNode> answers = new ArrayList<>();
        for (String prompt : PROMPTS) {
            for (int temperature = 0; temperature <= 1; temperature++) {
                HttpResponse<String> answer = server.post(
                        COMPLETIONS,
                        request(model, prompt, 24)
                                .put("temperature", temperature)
                                .toString());
                assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
                answers.add(ServingNode.JSON.readTree(answer.body()).path("choices"));
            }
        }
        return answers;
    }

    /** @param inferenceBytes for weights, cache and activations */
    private record OfOneProcess(List<JsonNode> answers, double inferenceBytes) {}

    private static OfOneProcess ofOneProcess(Path model, String settings) throws Exception {
        RandomModelServer whole = RandomModelServer.start(model, settings);
        try {
            return new OfOneProcess(answers(whole::post, RandomModelServer.MODEL), NativeMemory.bytes("inference"));
        } finally {
            whole.stop();
        }
    }

    /** One model of each architecture. */
    static List<ArgumentSet> architectures() {
        return List.of(GoldenModels.files().getFirst(), GoldenModels.files().getLast());
    }

    @ParameterizedTest
    @MethodSource("architectures")
    void twoProcessesAnswerAsOne(String folder, String file) throws Exception {
        Path path = GoldenModels.find(file);
        List<JsonNode> one = ofOneProcess(path, "").answers();
        int port = TroupeProcess.freePort();
        try (TroupeProcess member = startMember(port);
                ServingNode leader = startLeader(path, port)) {
            assertThat(answers(leader)).isEqualTo(one);
            for (Golden golden : GoldenModels.of(folder)) {
                String answer = leader.post(
                                COMPLETIONS,
                                request(leader.model(), golden.prompt(), golden.numTokens())
                                        .put("temperature", 0)
                                        .toString())
                        .body();
                assertThat(ServingNode.JSON
                                .readTree(answer)
                                .at("/choices/0/text")
                                .asText()
                                .strip())
                        .isEqualTo(golden.text());
            }
            assertThat(member.isAlive()).isTrue();
        }
    }

    /** 1.3 million weights. */
    private Path writeSmallModel() {
        return writeRandomModel(128, 6, 4, 256, null);
    }

    private Path writeRandomModel(int dim, int layers, int heads, int ffnDim, @Nullable StorageType type) {
        ModelConfig config = RandomModelServer.llama(TOKENIZER.vocabSize(), dim, layers, heads, heads / 2, ffnDim, 512);
        Path directory = dir.resolve("random");
        RandomModelServer.write(directory, config, 29, TOKENIZER);
        if (type == null) {
            return directory;
        }
        Path file = dir.resolve("random.gguf");
        ModelConverter.convert(directory, file, type);
        return file;
    }

    private static double inferenceBytes(URI metrics) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(HttpRequest.newBuilder(metrics).build(), HttpResponse.BodyHandlers.ofString())
                    .body()
                    .lines()
                    .filter(line -> line.startsWith("troupe_native_memory") && line.contains("owner=\"inference\""))
                    .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                    .sum();
        }
    }

    /** Bytes for weights, cache and activations, once they stay the same. */
    private static double steadyInferenceBytes(URI metrics) throws Exception {
        double before = -1;
        double bytes = inferenceBytes(metrics);
        while (bytes <= 0 || bytes != before) {
            TroupeProcess.pause(2 * ServingNode.TICK_MILLIS); // they are published once in each
            before = bytes;
            bytes = inferenceBytes(metrics);
        }
        return bytes;
    }

    /**
     * Pipeline and tensor, float32 and eight bits, where each node may take four fifths of what weights are: one
     * refuses it, two serve it with the bytes of one that may take all, each with about half of its memory.
     */
    @ParameterizedTest
    @CsvSource({"2,1,", "1,2,Q8_0"})
    void aModelThatOneNodeHasNotTheMemoryForIsServedByTwo(int pipeline, int tensor, @Nullable StorageType type)
            throws Exception {
        Path path = writeRandomModel(512, 8, 8, 1152, type); // 20 million weights, 80 MB as float32
        String cache = "troupe.serving.kvCache=15MiB"; // rows of a step, a context and a little more
        OfOneProcess one = ofOneProcess(path, cache);
        double whole = one.inferenceBytes();
        assertThat(whole).isGreaterThan(20e6);
        long allowed = type == null ? 64_000_000 : 20_000_000; // weights are 80 and 21 million
        String limit = "troupe.serving.memory=" + allowed;
        TroupeProcess.refused(
                dir,
                List.of(
                        "bytes of memory for weights, more than the " + allowed + " that troupe.serving.memory allows",
                        "serve it from more nodes",
                        "--config split"),
                "up",
                "--model",
                path.toString(),
                "--http-port",
                "0",
                "--grpc-port",
                "0",
                "-D",
                limit);
        int port = TroupeProcess.freePort();
        try (TroupeProcess member = startMember(port, "-D", limit, "-D", cache);
                ServingNode leader = startLeader(
                        path,
                        port,
                        "-D",
                        limit,
                        "-D",
                        cache,
                        "-D",
                        "troupe.serving.replica.pipeline=" + pipeline,
                        "-D",
                        "troupe.serving.replica.tensor=" + tensor)) {
            assertThat(answers(leader)).isEqualTo(one.answers());
            assertThat(steadyInferenceBytes(leader.metrics())).isBetween(0.4 * whole, 0.6 * whole);
            assertThat(steadyInferenceBytes(member.awaitMetrics(START))).isBetween(0.4 * whole, 0.6 * whole);
        }
    }

    /** A request for an answer of 400 tokens, which does not end before. */
    private static ObjectNode longRequest(String model) {
        ObjectNode request = request(model, "two nodes", 400).put("temperature", 1);
        request.set(
                "logit_bias", ServingNode.JSON.createObjectNode().put(Integer.toString(TOKENIZER.endOfText()), -100));
        return request;
    }

    private static String answer(ServingNode leader, ObjectNode request) throws Exception {
        HttpResponse<String> answer = leader.post(COMPLETIONS, request.toString());
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return ServingNode.JSON.readTree(answer.body()).at("/choices/0/text").asText();
    }

    /** A stream of which some tokens have come. */
    private static RawHttp begun(ServingNode leader, StringBuilder text) throws Exception {
        RawHttp client = new RawHttp(leader.httpPort());
        client.post(COMPLETIONS, longRequest(leader.model()).put("stream", true).toString());
        assertThat(client.status()).isEqualTo(200);
        int events = 0;
        while (events < 20) {
            events += CompletionEvents.append(client.line(), text) ? 1 : 0;
        }
        return client;
    }

    /**
     * Still for a moment, shorter than the cluster needs to give a node up: streams wait and go on. Killed in the
     * middle of a stream: the answer goes on when there is a node again, with the same bytes.
     */
    @Test
    void aMomentOfStandingStillAndAKillCostAPauseEach() throws Exception {
        Path path = writeSmallModel();
        int port = TroupeProcess.freePort();
        try (TroupeProcess first = startMember(port);
                ServingNode leader = startLeader(path, port)) {
            String undisturbed = answer(leader, longRequest(leader.model()));
            StringBuilder paused = new StringBuilder();
            try (RawHttp client = begun(leader, paused)) {
                first.signal("STOP");
                TroupeProcess.pause(1000);
                first.signal("CONT");
                CompletionEvents.finish(client, paused);
            }
            assertThat(paused.toString()).isEqualTo(undisturbed);
            assertThat(leader.log()).doesNotContain("has lost a member");

            StringBuilder text = new StringBuilder();
            try (RawHttp client = begun(leader, text)) {
                first.kill();
                awaitUnavailable(leader, leader.model());
                try (TroupeProcess second = startMember(port)) {
                    CompletionEvents.finish(client, text);
                    assertThat(text.toString()).isEqualTo(undisturbed);
                    assertThat(second.isAlive()).isTrue();
                    assertThat(answers(leader)).hasSize(2 * PROMPTS.size());
                }
            }
            assertThat(leader.log()).contains("has lost a member").contains("waits for nodes with the role member");
        }
    }

    /**
     * Still for longer: the cluster removes it, another node takes its part, streams go on with the same bytes, and new
     * requests wait or are told to come back. When it wakes it is no member of anything, changes nothing, and begins
     * again.
     */
    @Test
    void aMemberThatStandsStillIsReplaced() throws Exception {
        Path path = writeSmallModel();
        int port = TroupeProcess.freePort();
        try (TroupeProcess first = startMember(port);
                ServingNode leader = startLeader(path, port);
                TroupeProcess second = startMember(port)) {
            List<JsonNode> before = answers(leader);
            String undisturbed = answer(leader, longRequest(leader.model()));
            StringBuilder text = new StringBuilder();
            try (RawHttp client = begun(leader, text)) {
                first.signal("STOP");
                long start = System.nanoTime();
                HttpResponse<String> asked = leader.post(
                        COMPLETIONS, request(leader.model(), "what", 1).toString());
                assertThat(asked.statusCode()).as(asked.body()).isIn(200, 503);
                CompletionEvents.finish(client, text);
                assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(TAKEN_OVER);
            }
            assertThat(text.toString()).isEqualTo(undisturbed);
            assertThat(leader.log()).contains("has lost a member");
            StringBuilder more = new StringBuilder();
            try (RawHttp client = begun(leader, more)) {
                first.signal("CONT");
                first.awaitOutput("that it begins again", START, said -> said.contains(TroupeNode.AGAIN));
                CompletionEvents.finish(client, more);
            }
            assertThat(more.toString()).isEqualTo(undisturbed);
            assertThat(answers(leader)).isEqualTo(before);
            assertThat(first.isAlive() && second.isAlive()).isTrue();
        }
    }

    /** New requests are told to come back, for as long as there is nobody to serve them. */
    private static void awaitUnavailable(ServingNode leader, String model) throws Exception {
        long end = System.nanoTime() + START.toNanos();
        while (true) {
            try {
                HttpResponse<String> answer =
                        leader.post(COMPLETIONS, request(model, "what", 1).toString(), Duration.ofSeconds(2));
                if (answer.statusCode() == 503) {
                    assertThat(answer.headers().firstValue("retry-after")).isPresent();
                    return;
                }
            } catch (HttpTimeoutException e) {
                // It came before the loss was noticed: like all that are open then, it waits for another node.
                assertThat(System.nanoTime()).as("nobody is told to come back").isLessThan(end);
            }
            assertThat(System.nanoTime()).as("requests are answered").isLessThan(end);
            TroupeProcess.pause(50);
        }
    }
}
