package dev.troupe.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.troupe.model.tokenizer.BpeTrainer;
import java.io.IOException;
import java.io.InputStream;
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
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Answers by a schema and calls of tools, by a real replica of a tiny model with random weights and a template of its
 * own: what such a model says is chance, so only the mask makes it right.
 */
class StructuredAnswersIT {
    private static final JsonMapper JSON = new JsonMapper();
    private static final String TEMPLATE = """
            {%- if tools %}{{ 'Tools: ' + tools | tojson + '\\n' }}{% endif %}
            {%- for message in messages %}
            {{- message.role + ': ' + message.content }}
            {%- for call in message.tool_calls %}{{ '<tool_call>' + call.function | tojson + '</tool_call>' }}{% endfor %}
            {{- '\\n' }}
            {%- endfor %}
            {%- if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}
            """;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    static Path dir;

    @SuppressWarnings("NullAway.Init")
    private static RandomModelServer server;

    @BeforeAll
    static void start() throws Exception {
        var tokenizer = BpeTrainer.train(
                List.of("{\"a\": [1, 2], \"b\": \"c\"} {\"a\": [1, 2]}"), 290, List.of(BpeTrainer.END_OF_TEXT), 1);
        RandomModelServer.write(dir, tokenizer, 2048);
        Files.writeString(dir.resolve("chat_template.jinja"), TEMPLATE);
        server = RandomModelServer.start(dir, "troupe.serving.speculation = ngram");
    }

    @AfterAll
    static void stop() throws Exception {
        server.stop();
    }

    private static JsonNode send(HttpRequest.Builder request) throws IOException, InterruptedException {
        try (var client = HttpClient.newHttpClient()) {
            return JSON.readTree(client.send(request.build(), HttpResponse.BodyHandlers.ofString())
                    .body());
        }
    }

    private static JsonNode chat(String fields) throws IOException, InterruptedException {
        var body = "{\"model\":\"random\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]," + fields + "}";
        return send(HttpRequest.newBuilder(URI.create(server.url() + "/v1/chat/completions"))
                .header("content-type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body)));
    }

    @Test
    void anAnswerOfChanceIsAValidObjectUnlessItIsCut() throws Exception {
        int numStopped = 0;
        for (int seed = 1; seed <= 4; seed++) {
            var answer = chat("\"seed\":" + seed + ",\"n\":4,\"max_tokens\":400,\"temperature\":1.2,"
                    + "\"response_format\":{\"type\":\"json_object\"}");
            for (var choice : answer.at("/choices")) {
                var text = choice.at("/message/content").asText();
                if (choice.at("/finish_reason").asText().equals("stop")) {
                    numStopped++;
                    assertThat(JSON.readTree(text).isObject())
                            .as("seed %d: %s", seed, text)
                            .isTrue();
                } else {
                    assertThat(choice.at("/finish_reason").asText()).isEqualTo("length");
                }
            }
        }
        assertThat(numStopped).as("objects that came to their end").isPositive();
    }

    @Test
    void theNpmClientGetsAnswersBySchemaAndCalls() throws Exception {
        Optional<Path> node = Tools.find("node");
        Optional<Path> npm = Tools.find("npm");
        assumeTrue(node.isPresent() && npm.isPresent(), "openai npm client: node or npm is missing");
        Path folder = Files.createDirectories(dir.resolve("npm"));
        Files.writeString(folder.resolve("package.json"), "{\"private\": true, \"type\": \"module\"}");
        Tools.Output install = Tools.run(
                folder,
                Duration.ofMinutes(3),
                List.of(npm.get().toString(), "install", "--no-audit", "--no-fund", "openai@7"));
        assumeTrue(install.exitCode() == 0, "openai npm client: npm could not install it: " + install.text());
        try (InputStream script = StructuredAnswersIT.class.getResourceAsStream("/openai-structured.mjs")) {
            Files.write(
                    folder.resolve("client.mjs"), Objects.requireNonNull(script).readAllBytes());
        }
        Tools.Output output = Tools.run(
                folder,
                Duration.ofMinutes(1),
                List.of(node.get().toString(), "client.mjs", server.url() + "/v1", RandomModelServer.MODEL));
        assertThat(output.exitCode()).as(output.text()).isZero();
        JsonNode result = JSON.readTree(output.text());
        assertThat(result.path("answers")).hasSize(3);
        for (JsonNode answer : result.path("answers")) {
            assertThat(answer.path("finish").asText()).isEqualTo("stop");
            JsonNode animal = JSON.readTree(answer.path("content").asText());
            assertThat(animal.path("kind").asText()).isIn("cat", "dog");
            assertThat(animal.path("legs").isIntegralNumber()).isTrue();
            assertThat(animal.path("tags").size()).isLessThanOrEqualTo(2);
        }
        for (String call : List.of("call", "streamedCall")) {
            assertThat(result.at("/" + call + "/type").asText()).isEqualTo("function");
            assertThat(result.at("/" + call + "/id").asText()).startsWith("call_");
            assertThat(result.at("/" + call + "/function/name").asText()).isEqualTo("move");
            JsonNode arguments =
                    JSON.readTree(result.at("/" + call + "/function/arguments").asText());
            assertThat(arguments.path("to").asText()).isIn("left", "right");
        }
        assertThat(result.at("/streamedCall/function/arguments")).isEqualTo(result.at("/call/function/arguments"));
        assertThat(result.path("finish").asText()).isEqualTo("tool_calls");
        assertThat(result.path("streamedFinish").asText()).isEqualTo("tool_calls");
        checkSeveralCalls(result);
        checkCallsOrJson(result.path("either"));
        assertThat(result.at("/refused/status").asInt()).isEqualTo(400);
        assertThat(result.at("/refused/message").asText()).contains("uniqueItems");
    }

    private static void checkSeveralCalls(JsonNode result) throws IOException {
        int most = 0;
        for (int i = 0; i < 4; i++) {
            JsonNode calls = result.at("/required/" + i + "/message/tool_calls");
            checkCalls(result.at("/required/" + i));
            most = Math.max(most, calls.size());
            JsonNode streamed = result.at("/requiredStream/" + i + "/message/tool_calls");
            assertThat(streamed).hasSize(calls.size());
            for (int call = 0; call < calls.size(); call++) {
                assertThat(streamed.get(call).path("function").path("name"))
                        .isEqualTo(calls.get(call).path("function").path("name"));
                assertThat(streamed.get(call).path("function").path("arguments"))
                        .isEqualTo(calls.get(call).path("function").path("arguments"));
            }
            checkCalls(result.at("/single/" + i));
            assertThat(result.at("/single/" + i + "/message/tool_calls")).hasSize(1);
        }
        assertThat(most).as("calls of one answer").isBetween(2, 16);
    }

    /** Calls of "move" or "stay", with nothing beside them; the last one may be cut when the answer is. */
    private static void checkCalls(JsonNode choice) throws IOException {
        JsonNode calls = choice.at("/message/tool_calls");
        boolean cut = choice.path("finish_reason").asText().equals("length");
        assertThat(choice.at("/message/content").asText("")).isEmpty();
        assertThat(calls).isNotEmpty();
        for (int i = 0; i < calls.size() - (cut ? 1 : 0); i++) {
            JsonNode function = calls.get(i).path("function");
            assertThat(function.path("name").asText()).isIn("move", "stay");
            JsonNode arguments = JSON.readTree(function.path("arguments").asText());
            assertThat(arguments.has("to"))
                    .isEqualTo(function.path("name").asText().equals("move"));
        }
    }

    private static void checkCallsOrJson(JsonNode choices) throws IOException {
        int numTexts = 0;
        for (JsonNode choice : choices) {
            if (choice.at("/message/tool_calls").isEmpty()) {
                numTexts++;
                assertThat(choice.path("finish_reason").asText()).isEqualTo("stop");
                JsonNode animal = JSON.readTree(choice.at("/message/content").asText());
                assertThat(animal.path("kind").asText()).isIn("cat", "dog");
            } else {
                checkCalls(choice);
            }
        }
        assertThat(numTexts).as("texts of %d answers", choices.size()).isBetween(1, choices.size() - 1);
    }
}
