package dev.troupe.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** The life of a model as a newcomer meets it: quickstart, then {@code up}, and clients of every kind. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class QuickstartIT {
    private static final Duration TIMEOUT = Duration.ofMinutes(6);
    private static final Pattern HTTP_PORT = Pattern.compile("HTTP http://[^:]+:(\\d+)");
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    @SuppressWarnings("NullAway.Init")
    static Path dir;

    private static TroupeProcess.@Nullable Result quickstart;
    private static @Nullable TroupeProcess up;
    private static String base = "";

    @BeforeAll
    static void quickstartThenUp() {
        quickstart = TroupeProcess.run(
                dir,
                TIMEOUT,
                "quickstart",
                "--once",
                "--minutes",
                "0.4",
                "--dir",
                "home",
                "--http-port",
                "0",
                "--grpc-port",
                "0",
                "-D",
                "troupe.node.metricsPort=0",
                "-D",
                "troupe.routing.apiKeys=[key-of-its-own]"); // which its own requests show
        quickstart.expectExit(0);
        TroupeProcess node = TroupeProcess.start(
                dir,
                "up",
                "--dir",
                "home",
                "--http-port",
                "0",
                "--grpc-port",
                "0",
                "-D",
                "troupe.node.metricsPort=0",
                "-D",
                ServingNode.TICK);
        up = node;
        node.awaitOutput(
                "the HTTP port",
                Duration.ofMinutes(1),
                text -> HTTP_PORT.matcher(text).find());
        Matcher matcher = HTTP_PORT.matcher(node.standardError());
        assertThat(matcher.find()).isTrue();
        base = "http://127.0.0.1:" + matcher.group(1);
    }

    @AfterAll
    static void stop() {
        if (up != null) {
            up.close();
        }
    }

    @Test
    @Order(1)
    void bothPortsAnswer() {
        String stdout = quickstart().stdout();
        assertThat(stdout.lines()).anyMatch(line -> line.startsWith("HTTP  define heterotroph: heterotroph"));
        assertThat(stdout.lines()).anyMatch(line -> line.startsWith("gRPC  define heterotroph: heterotroph"));
        String answers = stdout.replaceAll("(?m)^(HTTP|gRPC)  ", "");
        assertThat(answers.lines().distinct()).as("one answer over both ports").hasSize(1);
    }

    @Test
    @Order(1)
    void heldOutPerplexityIsFarBelowTheBaseline() throws IOException {
        Path run = dir.resolve("home/runs/run-0001");
        JsonNode evaluation = JSON.readTree(run.resolve("evaluation.json").toFile());
        double model = evaluation.path("heldOut").path("perplexity").asDouble();
        double unigram = evaluation.path("unigramBaseline").path("perplexity").asDouble();
        assertThat(model).isGreaterThan(1).isLessThan(unigram / 4);
        assertThat(Files.readString(run.resolve("report.html"))).contains("<svg");
        assertThat(run.resolve("loss.svg")).isNotEmptyFile();
    }

    @Test
    @Order(2)
    void openAiNpmClientListsModelsAndStreams() throws IOException {
        JsonNode result = NpmOpenAi.run("openai-client.mjs", base + "/v1");
        assertThat(result.path("models").path(0).asText()).isEqualTo("quickstart");
        assertThat(result.path("text").asText())
                .startsWith("heterotroph")
                .isEqualTo(result.path("whole").asText());
        assertThat(result.path("chunks").asInt()).isGreaterThan(3);
        assertThat(result.path("finish").asText()).isIn("stop", "length");
        assertThat(result.path("usage").path("completion_tokens").asInt()).isBetween(1, 20);
        JsonNode structured = JSON.readTree(result.path("structured").asText());
        assertThat(structured.path("kind").asText()).isIn("noun", "verb");
        assertThat(result.path("norms"))
                .hasSize(2)
                .allSatisfy(norm -> assertThat(norm.asDouble()).isCloseTo(1, within(1e-5)));
        assertThat(result.path("tools").path("status").asInt()).isEqualTo(400);
        assertThat(result.path("tools").path("message").asText()).contains("no place for tools");
        assertThat(result.path("unknown").path("status").asInt()).isEqualTo(404);
    }

    @Test
    @Order(2)
    void openAiJavaClientChats() {
        OpenAIClient client = OpenAIOkHttpClient.builder()
                .baseUrl(base + "/v1")
                .apiKey("none")
                .build();
        try {
            ChatCompletionCreateParams params = ChatCompletionCreateParams.builder()
                    .model("quickstart")
                    .addUserMessage("what does river mean?")
                    .maxCompletionTokens(12)
                    .temperature(0)
                    .build();
            String whole = client.chat()
                    .completions()
                    .create(params)
                    .choices()
                    .get(0)
                    .message()
                    .content()
                    .orElseThrow();
            assertThat(whole).startsWith("river");
            StringBuilder streamed = new StringBuilder();
            try (var stream = client.chat().completions().createStreaming(params)) {
                stream.stream()
                        .flatMap(chunk -> chunk.choices().stream())
                        .forEach(choice -> choice.delta().content().ifPresent(streamed::append));
            }
            assertThat(streamed.toString()).isEqualTo(whole);
        } finally {
            client.close();
        }
    }

    @Test
    @Order(2)
    void playgroundAnswersInABrowser() {
        Optional<Path> chromium = Tools.find("chromium").or(() -> Tools.find("chromium-browser"));
        assumeTrue(chromium.isPresent(), "playground in a browser: chromium is missing");
        Tools.Output dom = Tools.run(
                dir,
                Duration.ofMinutes(1),
                List.of(
                        chromium.get().toString(),
                        "--headless",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-background-networking",
                        "--no-first-run",
                        "--user-data-dir=" + dir.resolve("chromium"),
                        "--virtual-time-budget=5000",
                        "--dump-dom",
                        base + "/"));
        assertThat(dom.text()).contains("quickstart").containsIgnoringCase("<textarea");
    }

    @Test
    @Order(3)
    void metricsCountWhatWasServed() throws IOException, InterruptedException {
        URI metrics = Objects.requireNonNull(up).awaitMetrics(Duration.ofSeconds(10));
        try (HttpClient client = HttpClient.newHttpClient()) {
            String text = "";
            for (int i = 0; i < 100 && !text.contains("troupe_serving_tokens_out_total"); i++) {
                TroupeProcess.pause(ServingNode.TICK_MILLIS);
                text = client.send(HttpRequest.newBuilder(metrics).build(), HttpResponse.BodyHandlers.ofString())
                        .body();
            }
            assertThat(text)
                    .contains("troupe_serving_tokens_out_total")
                    .contains("troupe_serving_first_token")
                    .contains("troupe_native_memory");
        }
    }

    @Test
    @Order(4)
    void controlCDrainsAndExitsWithZero() {
        TroupeProcess node = Objects.requireNonNull(up);
        node.interrupt();
        TroupeProcess.Result result = node.await(Duration.ofSeconds(60));
        result.expectExit(0);
        assertThat(result.stderr()).contains("draining").contains("stopped").doesNotContain("\tat ");
    }

    private static TroupeProcess.Result quickstart() {
        return Objects.requireNonNull(quickstart);
    }
}
