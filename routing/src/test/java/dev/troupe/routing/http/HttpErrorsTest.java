package dev.troupe.routing.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.actors.serving.GenerationEvent.RejectReason;
import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.actors.serving.ServedTokenizer;
import dev.troupe.model.tokenizer.CharTokenizer;
import dev.troupe.routing.harness.FakeReplica;
import dev.troupe.routing.harness.FakeService;
import dev.troupe.routing.harness.Http;
import dev.troupe.routing.harness.TestNode;
import dev.troupe.routing.route.Router;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import kamon.Kamon;
import kamon.tag.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every status, and that its body names the thing. */
class HttpErrorsTest {
    private static final String CHAT = "/v1/chat/completions";
    private static final String HELLO = "'model':'tiny','messages':[{'role':'user','content':'hello'}]";

    @RegisterExtension
    static final FakeService SERVICE = FakeService.saying("the world").with("""
                troupe.routing.requestDeadline = 1500 ms
                troupe.routing.http.maxBody = 20 KiB
                troupe.routing.maxChoices = 4
                troupe.safety.rules = [
                  { id = magic, category = spells, kind = literal, pattern = abracadabra, action = block }
                ]
                """);

    private static void assertProblem(
            HttpResponse<String> response, int status, String param, String code, String message) throws Exception {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        assertThat(response.headers().firstValue("content-type")).contains("application/json");
        assertThat(response.headers().firstValue("x-request-id")).isPresent();
        var error = Http.tree(response).get("error");
        assertThat(error.get("param").asText("")).isEqualTo(param);
        assertThat(error.get("code").asText()).isEqualTo(code);
        assertThat(error.get("type").asText()).isNotEmpty();
        assertThat(error.get("message").asText()).contains(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'model':           | ''  | invalid_json | line 1",
                "                    | ''  | invalid_json | empty",
                "[1]                 | ''  | invalid_type | JSON object",
                "{} x                | ''  | invalid_json | line 1",
                "{'a':1,'a':2}       | ''  | invalid_json | Duplicate field",
                "{'messages':[]}     | model | missing_required_parameter | 'model'",
                "{'model':3}         | model | invalid_type | a string",
                "{'model':'tiny'}    | messages | missing_required_parameter | 'messages'",
                "{'model':'tiny','messages':'hi'} | messages | invalid_type | an array",
                "{'model':'tiny','messages':[]}   | messages | invalid_value | at least one",
                "{'model':'tiny','messages':[3]}  | messages[0] | invalid_type | an object",
                "{'model':'tiny','messages':[{'content':'x'}]} | messages[0].role | missing_required_parameter | role",
                "{'model':'tiny','messages':[{'role':'tool','content':'x'}]} | messages[0].tool_call_id"
                        + " | missing_required_parameter | tool_call_id",
                "{'model':'tiny','messages':[{'role':'tool','tool_call_id':'1','content':'x'}]} | messages | invalid_value"
                        + " | cannot show tools",
                "{'model':'tiny','messages':[{'role':'robot','content':'x'}]} | messages[0].role | invalid_value | robot",
                "{'model':'tiny','messages':[{'role':'user'}]} | messages[0].content | missing_required_parameter | content",
                "{'model':'tiny','messages':[{'role':'user','content':[{'type':'image_url'}]}]}"
                        + " | messages[0].content[0].type | unsupported_value | text",
                "{#,'temperature':3}       | temperature | invalid_value | between 0 and 2",
                "{#,'temperature':'hot'}   | temperature | invalid_type | a number",
                "{#,'top_p':-0.5}          | top_p | invalid_value | between 0 and 1",
                "{#,'max_tokens':0}        | max_tokens | invalid_value | at least 1",
                "{#,'max_tokens':1.5}      | max_tokens | invalid_type | an integer",
                "{#,'max_tokens':1,'max_completion_tokens':2} | max_tokens | invalid_value | different",
                "{#,'n':0}                 | n | invalid_value | at least 1",
                "{#,'n':5}                 | n | invalid_value | at most 4",
                "{#,'stop':3}              | stop | invalid_type | a string",
                "{#,'stop':['']}           | stop | invalid_value | 1 to 500",
                "{#,'logit_bias':{'x':1}}  | logit_bias.x | invalid_value | token ids",
                "{#,'logit_bias':{'9999':1}} | logit_bias | invalid_value | vocabulary",
                "{#,'top_logprobs':2}      | top_logprobs | invalid_value | logprobs",
                "{#,'logprobs':true,'top_logprobs':21} | top_logprobs | invalid_value | between 0 and 20",
                "{#,'logprobs':true,'top_logprobs':-1} | top_logprobs | invalid_value | between 0 and 20",
                "{#,'max_completion_tokens':0} | max_completion_tokens | invalid_value | at least 1",
                "{#,'n':2147483647}        | n | invalid_value | at most 4",
                "{#,'stop_token_ids':3}    | stop_token_ids | invalid_type | an array",
                "{#,'stop_token_ids':[1,'x']} | stop_token_ids[1] | invalid_type | an integer",
                "{#,'stop_token_ids':[9999]} | stop_token_ids | invalid_value | vocabulary",
                "{#,'stop_token_ids':[1],'response_format':{'type':'json_object'}} | stop_token_ids | invalid_value"
                        + " | JSON answer",
                "{#,'stream':'yes'}        | stream | invalid_type | true or false",
                "{#,'stream_options':{}}   | stream_options | invalid_value | 'stream' is true",
                "{#,'tools':[{'type':'function'}]} | tools[0].function | missing_required_parameter | function",
                "{#,'tools':[{'type':'function','function':{'name':'f'}}]} | tools | invalid_value | no place for tools",
                "{'model':'tiny','messages':[{'role':'assistant','tool_calls':[{'id':'1','function':"
                        + "{'name':'f','arguments':{}}}]}]} | messages[0].tool_calls[0].function.arguments | invalid_type"
                        + " | a string",
                "{#,'response_format':{'type':'yaml'}} | response_format.type | invalid_value | json_schema",
                "{#,'response_format':{'type':'json_schema'}} | response_format.json_schema"
                        + " | missing_required_parameter | json_schema",
                "{#,'response_format':{'type':'json_schema','json_schema':{'name':'x','schema':[]}}}"
                        + " | response_format.json_schema.schema | invalid_type | an object",
                "{#,'response_format':{'type':'json_schema','json_schema':{'name':'x','schema':"
                        + "{'type':'object','properties':{'a':{'contains':{}}}}}}}"
                        + " | response_format | invalid_value | #/properties/a has the keyword 'contains'",
                "{#,'temprature':1}        | temprature | unknown_parameter | Unrecognized",
                "{'model':'tiny','messages':[{'role':'user','content':'say abracadabra'}]}"
                        + " | messages | content_filter | magic",
            })
    void aBadRequestNamesTheField(String body, String param, String code, String message) throws Exception {
        var json = body == null ? "" : body.replace("#", HELLO);
        assertProblem(SERVICE.http().post(CHAT, json), 400, param.equals("''") ? "" : param, code, message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{#,'prompt':'x','logprobs':-1}         | logprobs | invalid_value | between 0 and 20",
                "{#,'prompt':'x','logprobs':21}         | logprobs | invalid_value | between 0 and 20",
                "{#,'prompt':['a','b'],'n':2147483647}  | n | invalid_value | is 4294967294; at most 4",
                "{#,'prompt':'x\\ud800y','echo':true}  | prompt | invalid_value | half of a surrogate pair",
                "{#,'prompt':['a','x\\udc00']}         | prompt[1] | invalid_value | half of a surrogate pair",
            })
    void aBadCompletionNamesTheField(String body, String param, String code, String message) throws Exception {
        var json = body.replace("#", "'model':'tiny'");
        assertProblem(SERVICE.http().post("/v1/completions", json), 400, param, code, message);
    }

    /** A vocabulary of characters has no token for others: that is the text's fault and not the server's. */
    @Test
    void aTextThatAVocabularyCannotSpellIsStatus400() throws Exception {
        try (var node = TestNode.start("")) {
            var characters = CharTokenizer.train("abc ");
            node.add(new FakeReplica(new ModelDescription(
                    "characters", "v1", 64, characters.vocabSize(), ServedTokenizer.of(characters), "plain", 1)));
            var http = new Http(node);
            for (var path : List.of("completions", "embeddings", "tokenize")) {
                var field = path.equals("embeddings") ? "input" : "prompt";
                assertProblem(
                        http.post("/v1/" + path, "{'model':'characters','" + field + "':'a cab é'}"),
                        400,
                        field,
                        "invalid_value",
                        "é");
            }
        }
    }

    /** What a server says, to the end of its JSON. */
    private static String answer(Socket raw) throws Exception {
        var answer = new StringBuilder();
        for (int next = raw.getInputStream().read();
                next >= 0;
                next = raw.getInputStream().read()) {
            answer.append((char) next);
            if (answer.toString().endsWith("}}")) {
                break;
            }
        }
        return answer.toString();
    }

    /** They reach no endpoint, but look as all errors do. */
    @ParameterizedTest
    @CsvSource({
        "GET /#long HTTP/1.1, 414, uri_too_long",
        "BREW / HTTP/1.1, 501, unknown_method",
        "GET / HTTP/1.1\\r\\nx: #long, 431, headers_too_large",
        "GET /% HTTP/1.1, 400, malformed_request",
        "GET / HTTP/1.1\\r\\ncontent-length: minus, 400, malformed_request",
    })
    void whatIsNoRequestIsAnErrorLikeOthers(String head, int status, String code) throws Exception {
        var port = SERVICE.node().bindings().httpPort();
        try (var raw = new Socket(InetAddress.getLoopbackAddress(), port)) {
            raw.setSoTimeout(20_000);
            var bytes = head.replace("#long", "x".repeat(10_000)).replace("\\r\\n", "\r\n") + "\r\nhost: x\r\n\r\n";
            raw.getOutputStream().write(bytes.getBytes(StandardCharsets.US_ASCII));
            assertThat(answer(raw))
                    .startsWith("HTTP/1.1 " + status)
                    .containsIgnoringCase("x-request-id: req_")
                    .contains("\"code\":\"" + code + "\"")
                    .contains("\"type\":\"invalid_request_error\"");
        }
    }

    @Test
    void aBodyThatDoesNotArriveIsStatus408() throws Exception {
        try (var node = TestNode.start("troupe.routing.http.bodyTimeout = 300 ms")) {
            node.replica();
            try (var raw =
                    new Socket(InetAddress.getLoopbackAddress(), node.bindings().httpPort())) {
                raw.setSoTimeout(20_000);
                raw.getOutputStream()
                        .write(("POST " + CHAT + " HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
                                        + "content-length: 100\r\n\r\n{")
                                .getBytes(StandardCharsets.US_ASCII));
                assertThat(answer(raw)).startsWith("HTTP/1.1 408").contains("\"code\":\"body_timeout\"");
            }
        }
    }

    @Test
    void harmlessParametersPass() throws Exception {
        var response = SERVICE.http()
                .post(
                        CHAT,
                        "{" + HELLO + ",'user':'u','metadata':{'a':'b'},'tools':[],'tool_choice':'none','store':false,"
                                + "'response_format':{'type':'text'},'stop':null,'service_tier':'auto','seed':null}");
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    }

    @Test
    void anUnknownModelListsWhatIsServed() throws Exception {
        assertProblem(
                SERVICE.http().post(CHAT, "{" + HELLO.replace("tiny", "gpt-9") + "}"),
                404,
                "model",
                "model_not_found",
                "tiny");
    }

    @Test
    void anUnknownPathAndMethodSayWhatThereIs() throws Exception {
        assertProblem(SERVICE.http().post("/v1/chat", "{}"), 404, "", "unknown_url", "/v1/chat/completions");
        var wrong = SERVICE.http().get(CHAT);
        assertProblem(wrong, 405, "", "method_not_allowed", "POST");
        assertThat(wrong.headers().firstValue("allow")).contains("POST");
    }

    @Test
    void theBodyMustBeJsonAndNotTooLarge() throws Exception {
        var form = SERVICE.http()
                .request(CHAT)
                .header("content-type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString("a=b"));
        assertProblem(SERVICE.http().send(form), 415, "", "unsupported_media_type", "application/json");
        var large = "{" + HELLO.replace("hello", "x".repeat(30_000)) + "}";
        assertProblem(SERVICE.http().post(CHAT, large), 413, "", "request_too_large", "20480");
        var chunked = SERVICE.http()
                .request(CHAT)
                .header("content-type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArrays(List.of(new byte[15_000], new byte[15_000])));
        assertProblem(SERVICE.http().send(chunked), 413, "", "request_too_large", "20480");
    }

    @Test
    void aPromptThatIsTooLongGivesBothNumbers() throws Exception {
        var words = "z".repeat(100);
        int tokens = SERVICE.node().tokenizer().encode(words).length;
        assertThat(tokens).isGreaterThan(TestNode.CONTEXT);
        assertProblem(
                SERVICE.http().post(CHAT, "{" + HELLO.replace("hello", words) + "}"),
                400,
                "messages",
                "context_length_exceeded",
                "is " + TestNode.CONTEXT + " tokens, but the prompt has " + tokens);
    }

    @Test
    void aFullQueueIsStatus429EvenForAStream() throws Exception {
        SERVICE.replica().rejects(RejectReason.QUEUE_FULL);
        for (var stream : List.of("false", "true")) {
            var response = SERVICE.http().post(CHAT, "{" + HELLO + ",'stream':" + stream + "}");
            assertProblem(response, 429, "", "queue_full", "Try again");
            assertThat(response.headers().firstValue("retry-after")).contains("1");
        }
    }

    @Test
    void replicasThatLoadOrDrainAreStatus503() throws Exception {
        for (var reason : List.of(RejectReason.LOADING, RejectReason.DRAINING)) {
            SERVICE.replica().rejects(reason);
            for (var path : List.of(CHAT, "/v1/embeddings")) {
                var response = path.equals(CHAT)
                        ? SERVICE.http().post(path, "{" + HELLO + "}")
                        : SERVICE.http().post(path, "{'model':'tiny','input':'x'}");
                assertProblem(response, 503, "", "unavailable", "loading or shutting down");
                assertThat(response.headers().firstValue("retry-after")).contains("1");
            }
        }
    }

    @Test
    void aNodeThatDrainsIsStatus503() throws Exception {
        try (var draining = TestNode.start("")) {
            draining.replica();
            draining.bindings().router().tell(new Router.Drain(draining.system().ignoreRef()));
            var client = new Http(draining);
            var response = client.post(CHAT, "{" + HELLO + "}");
            assertProblem(response, 503, "", "unavailable", "shutting down");
            assertThat(response.headers().firstValue("retry-after")).contains("1");
            assertThat(client.get("/readyz").statusCode()).isEqualTo(503);
        }
    }

    /** The client reads no status any more; metrics have it. */
    @ParameterizedTest
    @CsvSource({"left, false, false", "reset, true, false", "reset-stream, true, true", "left-stream, false, true"})
    void aClientThatLeavesIsCountedAs499(String model, boolean reset, boolean stream) throws Exception {
        try (var lonely = TestNode.start("")) {
            var leaver = new FakeReplica(lonely.model(model, TestNode.VERSION));
            leaver.script((request, replyTo) ->
                    FakeReplica.say(request, replyTo, lonely.tokenizer().encode("the world"), false));
            lonely.add(leaver);
            try (var raw = new Socket(
                    InetAddress.getLoopbackAddress(), lonely.bindings().httpPort())) {
                raw.setSoLinger(reset, 0);
                var body = ("{" + HELLO.replace("tiny", model) + ",'stream':" + stream + "}").replace('\'', '"');
                raw.getOutputStream()
                        .write(("POST " + CHAT + " HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
                                        + "content-length: " + body.length() + "\r\n\r\n" + body)
                                .getBytes(StandardCharsets.US_ASCII));
                TestNode.await("submitted", () -> leaver.submitted().size() == 1);
                if (stream) {
                    assertThat(raw.getInputStream().read()).isEqualTo('H');
                }
            }
            TestNode.await("cancelled", () -> leaver.cancelled().size() == 1);
            TestNode.await("counted", () -> !statuses(model).isEmpty());
            assertThat(statuses(model)).containsExactly("499");
        }
    }

    /** Those of a model's requests that metrics have counted. */
    private static Set<String> statuses(String model) {
        var statuses = new TreeSet<String>();
        Kamon.status().metricRegistry().metrics().foreach(metric -> {
            if (metric.name().equals("troupe.serving.requests")) {
                metric.instruments().foreach(instrument -> {
                    var tags = new TreeMap<String, Object>();
                    instrument.tags().iterator().foreach(tag -> tags.put(tag.key(), Tag.unwrapValue(tag)));
                    if (model.equals(tags.get("model"))) {
                        statuses.add(String.valueOf(tags.get("status")));
                    }
                    return null;
                });
            }
            return null;
        });
        return statuses;
    }

    @Test
    void theDeadlineIsStatus408AndCancelsTheReplica() throws Exception {
        SERVICE.replica().script((request, replyTo) -> {});
        var response = SERVICE.http().post(CHAT, "{" + HELLO + "}");
        assertProblem(response, 408, "", "deadline_exceeded", "time limit of this request");
        assertThat(response.headers().firstValue("x-should-retry")).contains("false");
        TestNode.await("cancelled", () -> SERVICE.replica().cancelled().size() == 1);
    }

    /** A status while nothing was said, and an event once something was. */
    @Test
    void theDeadlineOfAStreamIsStatus408OrItsLastEvent() throws Exception {
        String streamed = "{" + HELLO + ",'stream':true}";
        SERVICE.replica().script((request, replyTo) -> {});
        assertProblem(SERVICE.http().post(CHAT, streamed), 408, "", "deadline_exceeded", "time limit of this request");
        TestNode.await("cancelled", () -> SERVICE.replica().cancelled().size() == 1);
        SERVICE.replica()
                .script((request, replyTo) -> FakeReplica.say(
                        request, replyTo, SERVICE.node().tokenizer().encode("the world"), false));
        var response = SERVICE.http().post(CHAT, streamed);
        assertThat(response.statusCode()).isEqualTo(200);
        var events = Http.events(response);
        assertThat(events.stream()
                        .map(event -> event.at("/choices/0/delta/content").asText(""))
                        .collect(Collectors.joining()))
                .isEqualTo("the world");
        assertThat(events.getLast().at("/error/code").asText()).isEqualTo("deadline_exceeded");
        assertThat(events.getLast().at("/error/message").asText()).contains("time limit of this request");
        assertThat(response.body()).doesNotContain("[DONE]");
        TestNode.await("cancelled", () -> SERVICE.replica().cancelled().size() == 2);
    }

    @Test
    void withoutReplicasEverythingSaysSo() throws Exception {
        try (var empty = TestNode.start("")) {
            var client = new Http(empty);
            assertThat(client.get("/readyz").statusCode()).isEqualTo(503);
            assertThat(client.get("/healthz").statusCode()).isEqualTo(200);
            assertThat(Http.tree(client.get("/v1/models")).at("/data")).isEmpty();
            var response = client.post(CHAT, "{" + HELLO + "}");
            assertProblem(response, 503, "", "unavailable", "loading");
            assertThat(response.headers().firstValue("retry-after")).isPresent();
        }
    }
}
