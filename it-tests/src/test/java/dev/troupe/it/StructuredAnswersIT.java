package dev.troupe.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.troupe.model.tokenizer.BpeTrainer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
        JsonNode result = NpmOpenAi.run("openai-structured.mjs", server.url() + "/v1", RandomModelServer.MODEL);
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

    @Test
    void theNpmClientGetsResponses() throws Exception {
        JsonNode result = NpmOpenAi.run("openai-responses.mjs", server.url() + "/v1", RandomModelServer.MODEL);
        String text = result.path("text").asText();
        assertThat(JSON.readTree(text).path("kind").asText()).isIn("cat", "dog");
        assertThat(result.path("status").asText()).isEqualTo("completed");
        assertThat(result.path("chat").asText()).isEqualTo(text);
        assertThat(result.path("streamed").asText()).isEqualTo(text);
        assertThat(result.path("deltas").asText()).isEqualTo(text);
        assertThat(result.path("parsed")).isEqualTo(JSON.readTree(text));
        assertThat(result.at("/usage/input_tokens")).isEqualTo(result.at("/chatUsage/prompt_tokens"));
        assertThat(result.at("/usage/output_tokens")).isEqualTo(result.at("/chatUsage/completion_tokens"));
        assertThat(result.at("/call/name").asText()).isEqualTo("move");
        JsonNode arguments = JSON.readTree(result.at("/call/arguments").asText());
        assertThat(arguments.path("to").asText()).isIn("left", "right");
        assertThat(result.at("/streamedCall/type").asText()).isEqualTo("function_call");
        assertThat(result.at("/streamedCall/arguments")).isEqualTo(result.at("/call/arguments"));
        assertThat(result.path("next").asText()).isIn("completed", "incomplete");
        assertThat(result.path("nextTokens").asInt()).isBetween(1, 8);
        assertThat(result.at("/refused/status").asInt()).isEqualTo(400);
        assertThat(result.at("/refused/param").asText()).isEqualTo("previous_response_id");
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
