package dev.troupe.routing.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.actors.serving.GenerationEvent;
import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.actors.serving.ServedTokenizer;
import dev.troupe.routing.harness.FakeReplica;
import dev.troupe.routing.harness.FakeService;
import dev.troupe.routing.harness.Http;
import dev.troupe.routing.harness.TestNode;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The shapes of OpenAI's API, seen by a client with the JDK's defaults (POST with an upgrade to h2c). */
class HttpApiTest {
    private static final String CHAT = "/v1/chat/completions";
    private static final String COMPLETIONS = "/v1/completions";
    private static final String HELLO = "'model':'tiny','messages':[{'role':'user','content':'hello'}]";

    @RegisterExtension
    static final FakeService SERVICE = FakeService.saying("the world é🎭 plays");

    private static List<JsonNode> list(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false).toList();
    }

    @Test
    void listsModels() throws Exception {
        var all = Http.tree(SERVICE.http().get("/v1/models"));
        assertThat(all.at("/object").asText()).isEqualTo("list");
        assertThat(all.at("/data/0/id").asText()).isEqualTo("tiny");
        assertThat(all.at("/data/0/object").asText()).isEqualTo("model");
        assertThat(all.at("/data/0/owned_by").asText()).isEqualTo("troupe");
        assertThat(all.at("/data/0/created").asLong()).isEqualTo(1_760_000_000L);
        var one = SERVICE.http().get("/v1/models/tiny");
        assertThat(one.statusCode()).isEqualTo(200);
        assertThat(Http.tree(one)).isEqualTo(all.at("/data/0"));
        assertThat(SERVICE.http().get("/v1/models/none").statusCode()).isEqualTo(404);
        assertThat(SERVICE.http().get("/readyz").statusCode()).isEqualTo(200);
        assertThat(SERVICE.http().get("/healthz").statusCode()).isEqualTo(200);
    }

    @Test
    void answersAChat() throws Exception {
        var response = SERVICE.http()
                .send(SERVICE.http()
                        .json(CHAT, "{" + HELLO + ",'max_tokens':40,'seed':7,'temperature':0}")
                        .header("x-request-id", "mine-1"));
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("content-type")).contains("application/json");
        assertThat(response.headers().firstValue("x-request-id")).contains("mine-1");
        var body = Http.tree(response);
        assertThat(body.at("/id").asText()).startsWith("chatcmpl-");
        assertThat(body.at("/object").asText()).isEqualTo("chat.completion");
        assertThat(body.at("/model").asText()).isEqualTo("tiny");
        assertThat(body.at("/system_fingerprint").asText()).isEqualTo(TestNode.VERSION);
        assertThat(body.at("/created").asLong()).isGreaterThan(1_700_000_000L);
        assertThat(body.at("/choices")).hasSize(1);
        assertThat(body.at("/choices/0/message/role").asText()).isEqualTo("assistant");
        assertThat(body.at("/choices/0/message/content").asText()).isEqualTo("the world é🎭 plays");
        assertThat(body.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
        assertThat(body.at("/choices/0/logprobs").isNull()).isTrue();
        int prompt = SERVICE.node().tokenizer().encode("hello").length;
        int completion = SERVICE.node().tokenizer().encode("the world é🎭 plays").length;
        assertThat(body.at("/usage/prompt_tokens").asInt()).isEqualTo(prompt);
        assertThat(body.at("/usage/completion_tokens").asInt()).isEqualTo(completion);
        assertThat(body.at("/usage/total_tokens").asInt()).isEqualTo(prompt + completion);
        var submitted = SERVICE.replica().submitted().remove();
        assertThat(submitted.maxTokens()).isEqualTo(40);
        assertThat(submitted.sampling().seed()).isEqualTo(7);
        assertThat(submitted.sampling().temperature()).isZero();
        assertThat(submitted.stopTokens())
                .containsExactly(SERVICE.node().tokenizer().endOfText());
    }

    @Test
    void streamsAChat() throws Exception {
        var response =
                SERVICE.http().post(CHAT, "{" + HELLO + ",'stream':true,'stream_options':{'include_usage':true}}");
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("content-type").orElse("")).startsWith("text/event-stream");
        var events = Http.events(response);
        assertThat(events.getLast().asText()).isEqualTo("[DONE]");
        var usage = events.get(events.size() - 2);
        assertThat(usage.at("/choices")).isEmpty();
        assertThat(usage.at("/usage/completion_tokens").asInt())
                .isEqualTo(SERVICE.node().tokenizer().encode("the world é🎭 plays").length);
        var chunks = events.subList(0, events.size() - 2);
        assertThat(chunks.getFirst().at("/choices/0/delta/role").asText()).isEqualTo("assistant");
        var text = new StringBuilder();
        for (var chunk : chunks) {
            assertThat(chunk.at("/object").asText()).isEqualTo("chat.completion.chunk");
            assertThat(chunk.at("/id")).isEqualTo(chunks.getFirst().at("/id"));
            assertThat(chunk.at("/system_fingerprint").asText()).isEqualTo(TestNode.VERSION);
            assertThat(chunk.get("usage").isNull()).isTrue();
            var piece = chunk.at("/choices/0/delta/content").asText("");
            assertThat(piece).doesNotContain("\uFFFD");
            text.append(piece);
        }
        assertThat(text.toString()).isEqualTo("the world é🎭 plays");
        var last = chunks.getLast();
        assertThat(last.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
        assertThat(last.at("/choices/0/delta")).isEmpty();
        assertThat(chunks.get(1).at("/choices/0/finish_reason").isNull()).isTrue();
    }

    @Test
    void withoutStreamOptionsThereIsNoUsage() throws Exception {
        var events = Http.events(SERVICE.http().post(CHAT, "{" + HELLO + ",'stream':true}"));
        assertThat(events).allSatisfy(event -> assertThat(event.has("usage")).isFalse());
        assertThat(events.get(events.size() - 2).at("/choices/0/finish_reason").asText())
                .isEqualTo("stop");
    }

    @Test
    void givesSeveralChoicesWithSeedsOfTheirOwn() throws Exception {
        var body = Http.tree(SERVICE.http().post(CHAT, "{" + HELLO + ",'n':2,'seed':5}"));
        assertThat(body.at("/choices")).hasSize(2);
        assertThat(body.at("/choices/1/index").asInt()).isEqualTo(1);
        assertThat(SERVICE.replica().submitted().stream().map(r -> r.sampling().seed()))
                .containsExactlyInAnyOrder(5L, 6L);
        var completion = SERVICE.node().tokenizer().encode("the world é🎭 plays").length;
        assertThat(body.at("/usage/completion_tokens").asInt()).isEqualTo(2 * completion);
        assertThat(body.at("/usage/prompt_tokens").asInt())
                .isEqualTo(SERVICE.node().tokenizer().encode("hello").length);

        var events = Http.events(SERVICE.http().post(CHAT, "{" + HELLO + ",'n':2,'stream':true}"));
        for (int choice = 0; choice < 2; choice++) {
            int index = choice;
            var text = new StringBuilder();
            events.stream()
                    .filter(event -> event.at("/choices/0/index").asInt(-1) == index)
                    .forEach(event ->
                            text.append(event.at("/choices/0/delta/content").asText("")));
            assertThat(text.toString()).isEqualTo("the world é🎭 plays");
        }
        assertThat(events.stream().filter(event -> event.at("/choices/0/delta").has("role")))
                .hasSize(2);
    }

    @Test
    void givesLogProbs() throws Exception {
        var body = Http.tree(SERVICE.http().post(CHAT, "{" + HELLO + ",'logprobs':true,'top_logprobs':2}"));
        var content = list(body.at("/choices/0/logprobs/content"));
        int[] tokens = SERVICE.node().tokenizer().encode("the world é🎭 plays");
        assertThat(content).hasSize(tokens.length);
        assertThat(content.getFirst().at("/logprob").asDouble()).isEqualTo(-0.5);
        assertThat(content.getFirst().at("/top_logprobs")).hasSize(2);
        assertThat(content.getFirst().at("/bytes"))
                .hasSize(SERVICE.node().tokenizer().tokenBytes(tokens[0]).length);

        var legacy = Http.tree(SERVICE.http().post(COMPLETIONS, "{'model':'tiny','prompt':'hello','logprobs':2}"));
        var logProbs = legacy.at("/choices/0/logprobs");
        assertThat(logProbs.at("/tokens").size())
                .isEqualTo(logProbs.at("/token_logprobs").size());
        assertThat(logProbs.at("/text_offset/0").asInt()).isZero();
        assertThat(logProbs.at("/top_logprobs/0").size()).isPositive();

        var events = Http.events(SERVICE.http().post(CHAT, "{" + HELLO + ",'logprobs':true,'stream':true}"));
        assertThat(events.stream()
                        .mapToInt(
                                event -> event.at("/choices/0/logprobs/content").size())
                        .sum())
                .isEqualTo(tokens.length);
    }

    @Test
    void stopsAtAStopStringOverTokenBorders() throws Exception {
        var body = Http.tree(SERVICE.http().post(CHAT, "{" + HELLO + ",'stop':['ld é']}"));
        assertThat(body.at("/choices/0/message/content").asText()).isEqualTo("the wor");
        assertThat(body.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
        // An answer that goes on for ever is cancelled at the replica.
        SERVICE.replica()
                .script((request, replyTo) -> FakeReplica.say(
                        request, replyTo, SERVICE.node().tokenizer().encode("the world STOP and"), false));
        var text = Http.tree(
                SERVICE.http().post(COMPLETIONS, "{'model':'tiny','prompt':'hello','max_tokens':50,'stop':'STOP'}"));
        assertThat(text.at("/choices/0/text").asText()).isEqualTo("the world ");
        TestNode.await("cancelled", () -> !SERVICE.replica().cancelled().isEmpty());
    }

    @Test
    void endsAtMaxTokens() throws Exception {
        var body = Http.tree(SERVICE.http().post(CHAT, "{" + HELLO + ",'max_completion_tokens':2}"));
        assertThat(body.at("/choices/0/finish_reason").asText()).isEqualTo("length");
        assertThat(body.at("/usage/completion_tokens").asInt()).isEqualTo(2);
        // More than the context leaves is lowered to it.
        SERVICE.http().post(CHAT, "{" + HELLO + ",'max_tokens':100000}");
        int room = TestNode.CONTEXT - SERVICE.node().tokenizer().encode("hello").length;
        assertThat(SERVICE.replica().submitted())
                .anySatisfy(r -> assertThat(r.maxTokens()).isEqualTo(room));
    }

    @Test
    void takesEveryFormOfPrompt() throws Exception {
        var one = Http.tree(SERVICE.http().post(COMPLETIONS, "{'model':'tiny','prompt':'hello','echo':true}"));
        assertThat(one.at("/object").asText()).isEqualTo("text_completion");
        assertThat(one.at("/id").asText()).startsWith("cmpl-");
        assertThat(one.at("/choices/0/text").asText()).isEqualTo("hellothe world é🎭 plays");
        // OpenAI's default of 16 tokens
        assertThat(SERVICE.replica().submitted().remove().maxTokens()).isEqualTo(16);
        var many = Http.tree(SERVICE.http().post(COMPLETIONS, "{'model':'tiny','prompt':['hello','the'],'n':2}"));
        assertThat(many.at("/choices")).hasSize(4);
        assertThat(list(many.at("/choices")).stream().map(c -> c.at("/index").asInt()))
                .containsExactly(0, 1, 2, 3);
        SERVICE.replica().submitted().clear();
        SERVICE.http().post(COMPLETIONS, "{'model':'tiny','prompt':[104,105]}");
        assertThat(SERVICE.replica().submitted().remove().promptTokens()).containsExactly(104, 105);
        SERVICE.http().post(COMPLETIONS, "{'model':'tiny','prompt':[[104],[105]]}");
        assertThat(SERVICE.replica().submitted()).hasSize(2);
        SERVICE.http().post(COMPLETIONS, "{'model':'tiny','prompt':''}");
        assertThat(SERVICE.replica().submitted())
                .anySatisfy(r -> assertThat(r.promptTokens())
                        .containsExactly(SERVICE.node().tokenizer().endOfText()));
        var parts = "{'model':'tiny','messages':[{'role':'user','content':[{'type':'text','text':'hel'},"
                + "{'type':'text','text':'lo'}]}]}";
        assertThat(Http.tree(SERVICE.http().post(CHAT, parts))
                        .at("/usage/prompt_tokens")
                        .asInt())
                .isEqualTo(SERVICE.node().tokenizer().encode("hel\nlo").length);
    }

    @Test
    void passesEverySamplingParameterOn() throws Exception {
        SERVICE.http()
                .post(
                        CHAT,
                        "{" + HELLO
                                + ",'temperature':0.5,'top_p':0.25,'top_k':3,'min_p':0.125,'repetition_penalty':1.5,"
                                + "'presence_penalty':1,'frequency_penalty':-1,'logit_bias':{'5':-100}}");
        var sampling = SERVICE.replica().submitted().remove().sampling();
        assertThat(sampling.temperature()).isEqualTo(0.5);
        assertThat(sampling.topP()).isEqualTo(0.25);
        assertThat(sampling.topK()).isEqualTo(3);
        assertThat(sampling.minP()).isEqualTo(0.125);
        assertThat(sampling.repetitionPenalty()).isEqualTo(1.5);
        assertThat(sampling.presencePenalty()).isEqualTo(1);
        assertThat(sampling.frequencyPenalty()).isEqualTo(-1);
        assertThat(sampling.logitBias()).containsEntry(5, -100.0);
        assertThat(sampling.logProbs()).isEqualTo(-1);
    }

    @Test
    void stopTokensAreAddedToTheModelsOwn() throws Exception {
        SERVICE.http().post(CHAT, "{" + HELLO + ",'stop_token_ids':[3,5,3]}");
        assertThat(SERVICE.replica().submitted().remove().stopTokens())
                .containsExactly(SERVICE.node().tokenizer().endOfText(), 3, 5);
    }

    @Test
    void namesWithSpacesAndSlashesAreFound() throws Exception {
        try (var node = TestNode.start("")) {
            node.add(new FakeReplica(node.model("a folder/my model", TestNode.VERSION)));
            var http = new Http(node);
            for (var path : List.of("a%20folder/my%20model", "a%20folder%2Fmy%20model")) {
                var response = http.get("/v1/models/" + path);
                assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
                assertThat(Http.tree(response).get("id").asText()).isEqualTo("a folder/my model");
            }
            assertThat(http.get("/v1/models/a%20folder").statusCode()).isEqualTo(404);
        }
    }

    /** Rows that pad a model's vocabulary may be drawn, and have no text. */
    @Test
    void tokensThatOnlyTheModelHasAreSilent() throws Exception {
        try (var node = TestNode.start("")) {
            int size = node.tokenizer().vocabSize();
            var replica = new FakeReplica(new ModelDescription(
                    "padded", "v1", 64, size + 10, ServedTokenizer.of(node.tokenizer()), "plain", 1));
            replica.script((request, replyTo) -> FakeReplica.say(request, replyTo, new int[] {size + 3, 't'}, true));
            node.add(replica);
            var http = new Http(node);
            var body = Http.tree(http.post(
                    "/v1/completions",
                    "{'model':'padded','prompt':[" + (size + 9) + ",104],'echo':true,'logprobs':1,'logit_bias':{'"
                            + (size + 3) + "':100}}"));
            assertThat(body.at("/choices/0/text").asText()).isEqualTo("ht");
            assertThat(body.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
        }
    }

    @Test
    void cancelsTheReplicaWhenTheClientLeavesAStream() throws Exception {
        SERVICE.replica()
                .script((request, replyTo) -> FakeReplica.say(
                        request, replyTo, SERVICE.node().tokenizer().encode("the world"), false));
        HttpResponse<InputStream> response = SERVICE.http()
                .client()
                .send(
                        SERVICE.http()
                                .json(CHAT, "{" + HELLO + ",'stream':true}")
                                .build(),
                        HttpResponse.BodyHandlers.ofInputStream());
        assertThat(response.body().read()).isPositive();
        response.body().close();
        TestNode.await("cancelled", () -> SERVICE.replica().cancelled().size() == 1);
    }

    private static Socket rawChat(String headers) throws Exception {
        var raw = new Socket(
                InetAddress.getLoopbackAddress(), SERVICE.node().bindings().httpPort());
        var body = ("{" + HELLO + "}").replace('\'', '"');
        raw.getOutputStream()
                .write(("POST " + CHAT + " HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n" + headers
                                + "content-length: " + body.length() + "\r\n\r\n" + body)
                        .getBytes(StandardCharsets.US_ASCII));
        TestNode.await("submitted", () -> SERVICE.replica().submitted().size() == 1);
        return raw;
    }

    @Test
    void cancelsTheReplicaWhenTheClientLeavesBeforeTheAnswer() throws Exception {
        SERVICE.replica().script((request, replyTo) -> {});
        rawChat("").close();
        TestNode.await("cancelled", () -> SERVICE.replica().cancelled().size() == 1);
    }

    @Test
    void aClientThatWantsToCloseAfterTheAnswerGetsIt() throws Exception {
        var late = new AtomicReference<Runnable>();
        SERVICE.replica()
                .script((request, replyTo) -> late.set(() -> FakeReplica.say(
                        request, replyTo, SERVICE.node().tokenizer().encode("the world"), true)));
        try (var raw = rawChat("connection: close\r\n")) {
            Thread.sleep(300); // time to be cut off, if it were
            assertThat(SERVICE.replica().cancelled()).isEmpty();
            late.get().run();
            var answer = new String(raw.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(answer).startsWith("HTTP/1.1 200").contains("the world");
        }
    }

    @Test
    void aReplicaThatFailsInMidStreamIsAnErrorEvent() throws Exception {
        SERVICE.replica().script((request, replyTo) -> {
            FakeReplica.say(request, replyTo, SERVICE.node().tokenizer().encode("the world"), false);
            replyTo.tell(new GenerationEvent.Failed(request.requestId(), "The forward pass failed."));
        });
        var response = SERVICE.http().post(CHAT, "{" + HELLO + ",'stream':true}");
        assertThat(response.statusCode()).isEqualTo(200);
        var events = Http.events(response);
        assertThat(events.getLast().at("/error/message").asText()).isEqualTo("The forward pass failed.");
        assertThat(events.getLast().at("/error/type").asText()).isEqualTo("server_error");
        assertThat(response.body()).doesNotContain("[DONE]");
    }

    @Test
    void servesThePlayground() throws Exception {
        for (var path : List.of("/", "/playground.css", "/playground.js", "/favicon.svg")) {
            var response = SERVICE.http().get(path);
            assertThat(response.statusCode()).as(path).isEqualTo(200);
            assertThat(response.headers().firstValue("content-security-policy").orElse(""))
                    .contains("default-src 'none'");
        }
        assertThat(SERVICE.http().get("/").body()).contains("<title>Troupe playground</title>");
    }
}
