package dev.troupe.routing.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.actors.serving.GenerationEvent;
import dev.troupe.routing.harness.FakeReplica;
import dev.troupe.routing.harness.FakeService;
import dev.troupe.routing.harness.Http;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code /v1/responses}: the same answers as a chat's, in objects and events of their own. */
class ResponsesApiTest {
    private static final String RESPONSES = "/v1/responses";
    private static final String CHAT = "/v1/chat/completions";
    private static final String ASK = "'model':'tiny','input':'hi'";
    private static final String FLAT_TOOLS =
            "'tools':[{'type':'function','name':'look','description':'Looks','strict':true,"
                    + "'parameters':{'type':'object','properties':{'at':{'type':'string'}},'required':['at'],"
                    + "'additionalProperties':false}},{'type':'function','name':'stop'}]";
    private static final String CHAT_TOOLS =
            "'tools':[{'type':'function','function':{'name':'look','description':'Looks',"
                    + "'parameters':{'type':'object','properties':{'at':{'type':'string'}},'required':['at'],"
                    + "'additionalProperties':false}}},{'type':'function','function':{'name':'stop'}}]";
    private static final String CALLING = """
            I look. <tool_call>
            {"name": "look", "arguments": {"at": "the \\"stage\\""}}
            </tool_call>
            <tool_call>{"name": "stop", "arguments": {}}</tool_call>""";

    @RegisterExtension
    static final FakeService SERVICE = FakeService.saying("hello world").withTemplate(FakeService.WITH_TOOLS);

    private record Event(String name, JsonNode data) {}

    private static JsonNode ask(String path, String body) throws Exception {
        var response = SERVICE.http().post(path, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return Http.tree(response);
    }

    private static List<Event> stream(String fields) throws Exception {
        var response = SERVICE.http().post(RESPONSES, "{" + fields + ",'stream':true}");
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(response.headers().firstValue("content-type").orElseThrow()).startsWith("text/event-stream");
        var events = new ArrayList<Event>();
        for (String block : response.body().split("\n\n", -1)) {
            if (block.startsWith("event: ")) {
                var lines = block.split("\n", -1);
                assertThat(lines).hasSize(2);
                events.add(new Event(
                        lines[0].substring("event: ".length()), Http.tree(lines[1].substring("data: ".length()))));
            } else {
                assertThat(block).isEmpty();
            }
        }
        for (int i = 0; i < events.size(); i++) {
            assertThat(events.get(i).data().get("type").asText())
                    .isEqualTo(events.get(i).name());
            assertThat(events.get(i).data().get("sequence_number").asInt()).isEqualTo(i);
        }
        return events;
    }

    /** Names of events, those that follow each other once. */
    private static List<String> names(List<Event> events) {
        var names = new ArrayList<String>();
        for (var event : events) {
            if (names.isEmpty() || !names.getLast().equals(event.name())) {
                names.add(event.name());
            }
        }
        return names;
    }

    /** Without what is new each time. */
    private static JsonNode lasting(JsonNode response) {
        ObjectNode copy = response.deepCopy();
        copy.remove(List.of("id", "created_at"));
        copy.get("output").forEach(item -> ((ObjectNode) item).remove("id"));
        return copy;
    }

    @Test
    void anAnswerIsOneMessageWithTheChatsText() throws Exception {
        var response = ask(
                RESPONSES,
                "{" + ASK + ",'instructions':'Be brief.','temperature':0.5,'metadata':{'a':'b'},"
                        + "'store':true,'max_output_tokens':50,'user':'me','truncation':'disabled','include':[]}");
        assertThat(SERVICE.prompt()).isEqualTo("system: Be brief.\nuser: hi\n");
        assertThat(response.get("id").asText()).startsWith("resp_");
        assertThat(response.get("object").asText()).isEqualTo("response");
        assertThat(response.get("created_at").asLong()).isPositive();
        assertThat(response.get("status").asText()).isEqualTo("completed");
        assertThat(response.get("error").isNull()).isTrue();
        assertThat(response.get("incomplete_details").isNull()).isTrue();
        assertThat(response.get("output")).hasSize(1);
        var message = response.at("/output/0");
        assertThat(message.get("type").asText()).isEqualTo("message");
        assertThat(message.get("id").asText()).startsWith("msg_");
        assertThat(message.get("status").asText()).isEqualTo("completed");
        assertThat(message.get("role").asText()).isEqualTo("assistant");
        assertThat(message.at("/content/0/type").asText()).isEqualTo("output_text");
        assertThat(message.at("/content/0/text").asText()).isEqualTo("hello world");
        assertThat(message.at("/content/0/annotations").isArray()).isTrue();
        assertThat(response.get("instructions").asText()).isEqualTo("Be brief.");
        assertThat(response.get("temperature").asDouble()).isEqualTo(0.5);
        assertThat(response.get("max_output_tokens").asInt()).isEqualTo(50);
        assertThat(response.at("/metadata/a").asText()).isEqualTo("b");
        assertThat(response.get("store").asBoolean()).as("nothing is kept").isFalse();
        assertThat(response.at("/text/format/type").asText()).isEqualTo("text");
        assertThat(response.get("tool_choice").asText()).isEqualTo("auto");

        var chat = ask(
                CHAT,
                "{'model':'tiny','messages':[{'role':'system','content':'Be brief.'},"
                        + "{'role':'user','content':'hi'}]}");
        assertThat(chat.at("/choices/0/message/content").asText()).isEqualTo("hello world");
        assertThat(response.at("/usage/input_tokens")).isEqualTo(chat.at("/usage/prompt_tokens"));
        assertThat(response.at("/usage/output_tokens")).isEqualTo(chat.at("/usage/completion_tokens"));
        assertThat(response.at("/usage/total_tokens")).isEqualTo(chat.at("/usage/total_tokens"));
        assertThat(response.at("/usage/input_tokens_details/cached_tokens").isInt())
                .isTrue();
        assertThat(response.at("/usage/output_tokens_details/reasoning_tokens").isInt())
                .isTrue();
    }

    @Test
    void anAnswerThatIsCutIsIncomplete() throws Exception {
        var response = ask(RESPONSES, "{" + ASK + ",'max_output_tokens':3}");
        assertThat(response.get("status").asText()).isEqualTo("incomplete");
        assertThat(response.at("/incomplete_details/reason").asText()).isEqualTo("max_output_tokens");
        assertThat(response.at("/output/0/status").asText()).isEqualTo("incomplete");
        assertThat(response.at("/usage/output_tokens").asInt()).isEqualTo(3);
        var last = stream(ASK + ",'max_output_tokens':3").getLast();
        assertThat(last.name()).isEqualTo("response.incomplete");
        assertThat(lasting(last.data().get("response"))).isEqualTo(lasting(response));
    }

    @Test
    void aStreamTellsTheItemAsItGrows() throws Exception {
        var events = stream(ASK);
        assertThat(names(events))
                .containsExactly(
                        "response.created",
                        "response.in_progress",
                        "response.output_item.added",
                        "response.content_part.added",
                        "response.output_text.delta",
                        "response.output_text.done",
                        "response.content_part.done",
                        "response.output_item.done",
                        "response.completed");
        var deltas = events.stream()
                .filter(event -> event.name().equals("response.output_text.delta"))
                .map(Event::data)
                .toList();
        assertThat(deltas).hasSizeGreaterThan(1);
        assertThat(deltas.stream().map(delta -> delta.get("delta").asText()).collect(Collectors.joining()))
                .isEqualTo("hello world");
        var first = events.getFirst().data().get("response");
        assertThat(first.get("status").asText()).isEqualTo("in_progress");
        assertThat(first.get("output")).isEmpty();
        var last = events.getLast().data().get("response");
        assertThat(first.get("id")).isEqualTo(last.get("id"));
        var added = events.get(2).data();
        assertThat(added.at("/item/content")).isEmpty();
        assertThat(added.at("/item/status").asText()).isEqualTo("in_progress");
        var done = events.get(events.size() - 2).data();
        assertThat(done.get("item")).isEqualTo(last.at("/output/0"));
        assertThat(deltas).allSatisfy(delta -> {
            assertThat(delta.get("item_id")).isEqualTo(added.at("/item/id"));
            assertThat(delta.get("output_index").asInt()).isZero();
            assertThat(delta.get("content_index").asInt()).isZero();
        });
        assertThat(lasting(last)).isEqualTo(lasting(ask(RESPONSES, "{" + ASK + "}")));
    }

    @Test
    void callsAreItemsOfTheirOwn() throws Exception {
        SERVICE.replica().says(SERVICE.node().tokenizer(), CALLING);
        var response = ask(RESPONSES, "{" + ASK + "," + FLAT_TOOLS + "}");
        var prompt = SERVICE.prompt();
        ask(CHAT, "{'model':'tiny','messages':[{'role':'user','content':'hi'}]," + CHAT_TOOLS + "}");
        assertThat(prompt).isEqualTo(SERVICE.prompt()).startsWith("[{\"type\": \"function\"");
        assertThat(response.get("status").asText()).isEqualTo("completed");
        assertThat(response.get("output")).hasSize(3);
        assertThat(response.at("/output/0/content/0/text").asText()).isEqualTo("I look.");
        var call = response.at("/output/1");
        assertThat(call.get("type").asText()).isEqualTo("function_call");
        assertThat(call.get("id").asText()).startsWith("fc_");
        assertThat(call.get("call_id").asText()).startsWith("call_");
        assertThat(call.get("name").asText()).isEqualTo("look");
        assertThat(call.get("arguments").asText()).isEqualTo("{\"at\": \"the \\\"stage\\\"\"}");
        assertThat(response.at("/output/2/name").asText()).isEqualTo("stop");
        assertThat(response.at("/output/2/id")).isNotEqualTo(call.get("id"));

        var events = stream(ASK + "," + FLAT_TOOLS);
        var arguments = events.stream()
                .filter(event -> event.name().equals("response.function_call_arguments.delta"))
                .filter(event -> event.data().get("output_index").asInt() == 1)
                .map(event -> event.data().get("delta").asText())
                .toList();
        assertThat(arguments).hasSizeGreaterThan(1);
        assertThat(String.join("", arguments)).isEqualTo(call.get("arguments").asText());
        assertThat(events.stream()
                        .filter(event -> event.name().equals("response.output_item.done"))
                        .map(event -> event.data().get("item")))
                .containsExactlyElementsOf(events.getLast().data().at("/response/output"));
        var streamed = lasting(events.getLast().data().get("response"));
        assertThat(streamed.at("/output/1/arguments")).isEqualTo(call.get("arguments"));
        assertThat(streamed.at("/usage")).isEqualTo(response.get("usage"));
    }

    @Test
    void aConversationIsReadAsTheChatThatSaysTheSame() throws Exception {
        ask(
                RESPONSES,
                "{'model':'tiny','input':[{'role':'developer','content':'Be brief.'},"
                        + "{'type':'message','role':'user','content':[{'type':'input_text','text':'hi'}]},"
                        + "{'type':'reasoning','id':'rs_1','summary':[]},"
                        + "{'type':'message','id':'msg_1','status':'completed','role':'assistant',"
                        + "'content':[{'type':'output_text','text':'I look.','annotations':[],'logprobs':[]}]},"
                        + "{'type':'function_call','id':'fc_1','call_id':'call_1','name':'look','arguments':'{}','status':'completed'},"
                        + "{'type':'function_call','call_id':'call_2','name':'stop','arguments':'{}'},"
                        + "{'type':'function_call_output','call_id':'call_1','output':'dark'},"
                        + "{'type':'function_call_output','call_id':'call_2','output':[{'type':'input_text','text':'done'}]},"
                        + "{'type':'function_call','call_id':'call_3','name':'stop','arguments':'{}'},"
                        + "{'role':'user','content':'and?'}]}");
        var prompt = SERVICE.prompt();
        ask(
                CHAT,
                "{'model':'tiny','messages':[{'role':'system','content':'Be brief.'},{'role':'user','content':'hi'},"
                        + "{'role':'assistant','content':'I look.','tool_calls':["
                        + "{'id':'call_1','type':'function','function':{'name':'look','arguments':'{}'}},"
                        + "{'id':'call_2','type':'function','function':{'name':'stop','arguments':'{}'}}]},"
                        + "{'role':'tool','tool_call_id':'call_1','content':'dark'},"
                        + "{'role':'tool','tool_call_id':'call_2','content':'done'},"
                        + "{'role':'assistant','tool_calls':["
                        + "{'id':'call_3','type':'function','function':{'name':'stop','arguments':'{}'}}]},"
                        + "{'role':'user','content':'and?'}]}");
        assertThat(prompt).contains("assistant: I look.<tool_call>").isEqualTo(SERVICE.prompt());
    }

    @Test
    void textIsHeldToAFormatAsAChatIs() throws Exception {
        var schema =
                "{'type':'object','properties':{'a':{'type':'integer'}},'required':['a'],'additionalProperties':false}";
        ask(
                RESPONSES,
                "{" + ASK + ",'text':{'verbosity':'low','format':{'type':'json_schema','name':'x','strict':true,"
                        + "'schema':" + schema + "}}}");
        var forms = SERVICE.replica().submitted().remove().sampling().forms();
        ask(
                CHAT,
                "{'model':'tiny','messages':[{'role':'user','content':'hi'}],'response_format':{'type':'json_schema',"
                        + "'json_schema':{'name':'x','schema':" + schema + "}}}");
        assertThat(forms)
                .isNotEmpty()
                .isEqualTo(SERVICE.replica().submitted().remove().sampling().forms());
    }

    @Test
    void tokensAreToldWhenTheyAreIncluded() throws Exception {
        var fields = ASK + ",'include':['message.output_text.logprobs'],'top_logprobs':2";
        var scores = ask(RESPONSES, "{" + fields + "}").at("/output/0/content/0/logprobs");
        var chat = ask(
                CHAT, "{'model':'tiny','messages':[{'role':'user','content':'hi'}],'logprobs':true,'top_logprobs':2}");
        assertThat(scores).isNotEmpty().isEqualTo(chat.at("/choices/0/logprobs/content"));
        var told = new ArrayList<JsonNode>();
        for (var event : stream(fields)) {
            if (event.name().equals("response.output_text.delta")) {
                event.data().get("logprobs").forEach(told::add);
            }
        }
        assertThat(told).containsExactlyElementsOf(scores);
        assertThat(ask(RESPONSES, "{" + ASK + "}").at("/output/0/content/0/logprobs"))
                .isEmpty();
    }

    @Test
    void aFailureWithinAStreamIsAnEventThatClientsKnow() throws Exception {
        SERVICE.replica().script((request, replyTo) -> {
            FakeReplica.say(request, replyTo, SERVICE.node().tokenizer().encode("hel"), false);
            replyTo.tell(new GenerationEvent.Failed(request.requestId(), "broken"));
        });
        var events = stream(ASK);
        assertThat(names(events)).contains("response.output_text.delta").endsWith("error");
        var error = events.getLast().data();
        assertThat(error.get("code").asText()).isEqualTo("internal_error");
        assertThat(error.get("message").asText()).isNotEmpty();
        assertThat(error.get("error").get("code")).isEqualTo(error.get("code"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', textBlock = """
            'previous_response_id':'resp_1'                          ; previous_response_id       ; conversation in 'input'
            'conversation':{'id':'conv_1'}                           ; conversation               ; conversation in 'input'
            'background':true                                        ; background                 ; not supported
            'truncation':'auto'                                      ; truncation                 ; not supported
            'reasoning':{'effort':'high'}                            ; reasoning.effort           ; not supported
            'prompt':{'id':'p'}                                      ; prompt                     ; not supported
            'n':2                                                    ; n                          ; not supported
            'max_output_tokens':0                                    ; max_output_tokens          ; at least 1
            'top_logprobs':21                                        ; top_logprobs               ; between 0 and 20
            'include':'x'                                            ; include                    ; an array
            'messages':[]                                            ; messages                   ; Unrecognized
            'tools':[{'type':'web_search'}]                          ; tools[0].type              ; only 'function'
            'tools':[{'type':'function'}]                            ; tools[0].name              ; Missing
            'tools':[{'type':'function','name':'a','parameters':1}]  ; tools[0].parameters        ; an object
            'tool_choice':{'type':'function','name':'a'}             ; tool_choice                ; when 'tools'
            'tool_choice':{'type':'function'}                        ; tool_choice.name           ; Missing
            'text':{'format':{'type':'xml'}}                         ; text.format.type           ; json_schema
            'text':{'format':{'type':'json_schema','name':'x'}}      ; text.format.schema         ; Missing
            'text':{'colour':1}                                      ; text.colour                ; Unrecognized
            'input':[]                                               ; input                      ; at least one
            'input':{}                                               ; input                      ; a string
            'input':[{'type':'item_reference','id':'a'}]             ; input[0]                   ; nothing is kept
            'input':[{'type':'computer_call'}]                       ; input[0].type              ; function_call_output
            'input':[{'type':'function_call','name':'a'}]            ; input[0].call_id           ; Missing
            'input':[{'type':'function_call_output','call_id':'a'}]  ; input[0].output            ; Missing
            'input':[{'role':'user','content':[{'type':'input_image','image_url':'x'}]}] ; input[0].content[0].type ; only text
            'input':[{'role':'king','content':'x'}]                  ; input[0].role              ; must be
            """)
    void whatCannotBeDoneIsRefusedByName(String field, String param, String message) throws Exception {
        var input = field.startsWith("'input'") ? "" : "'input':'hi',";
        var response = SERVICE.http().post(RESPONSES, "{'model':'tiny'," + input + field + "}");
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        var error = Http.tree(response).get("error");
        assertThat(error.get("param").asText()).isEqualTo(param);
        assertThat(error.get("message").asText()).contains(message);
    }

    @Test
    void inputThatIsMissingIsNamed() throws Exception {
        var response = SERVICE.http().post(RESPONSES, "{'model':'tiny'}");
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(Http.tree(response).at("/error/param").asText()).isEqualTo("input");
        assertThat(SERVICE.http().get(RESPONSES).statusCode()).isEqualTo(405);
        assertThat(SERVICE.http().get(RESPONSES + "/resp_1").statusCode()).isEqualTo(404);
    }
}
