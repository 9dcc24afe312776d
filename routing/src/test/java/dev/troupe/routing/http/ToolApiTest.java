package dev.troupe.routing.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.model.grammar.AnswerForm;
import dev.troupe.model.grammar.JsonGrammar;
import dev.troupe.routing.harness.FakeService;
import dev.troupe.routing.harness.Http;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tools over HTTP: what the model is shown, how its calls are told, and what it is held to. */
class ToolApiTest {
    private static final String CHAT = "/v1/chat/completions";
    private static final String ASK = "'model':'tiny','messages':[{'role':'user','content':'hi'}]";
    private static final String TOOLS = "'tools':[{'type':'function','function':{'name':'look','description':'Looks',"
            + "'parameters':{'type':'object','properties':{'at':{'$ref':'#/$defs/word'}},'required':['at'],"
            + "'additionalProperties':false,'$defs':{'word':{'type':'string'}}}}},"
            + "{'type':'function','function':{'name':'stop'}}]";

    @RegisterExtension
    static final FakeService SERVICE = FakeService.saying("""
                I look. <tool_call>
                {"name": "look", "arguments": {"at": "the \\"stage\\""}}
                </tool_call>
                <tool_call>{"name": "stop", "arguments": {}}</tool_call>""").withTemplate(FakeService.WITH_TOOLS);

    private static JsonNode ask(String body) throws Exception {
        var response = SERVICE.http().post(CHAT, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return Http.tree(response);
    }

    @Test
    void callsAreToldApartFromText() throws Exception {
        var choice = ask("{" + ASK + "," + TOOLS + "}").at("/choices/0");
        assertThat(choice.at("/finish_reason").asText()).isEqualTo("tool_calls");
        var message = choice.at("/message");
        assertThat(message.at("/content").asText()).isEqualTo("I look.");
        assertThat(message.at("/tool_calls")).hasSize(2);
        assertThat(message.at("/tool_calls/0/type").asText()).isEqualTo("function");
        assertThat(message.at("/tool_calls/0/id").asText()).startsWith("call_");
        assertThat(message.at("/tool_calls/0/function/name").asText()).isEqualTo("look");
        assertThat(message.at("/tool_calls/0/function/arguments").asText())
                .isEqualTo("{\"at\": \"the \\\"stage\\\"\"}");
        assertThat(message.at("/tool_calls/1/function/name").asText()).isEqualTo("stop");
        assertThat(message.at("/tool_calls/1/id")).isNotEqualTo(message.at("/tool_calls/0/id"));
        assertThat(SERVICE.prompt())
                .startsWith("[{\"type\": \"function\", \"function\": {\"name\": \"look\", \"description\": \"Looks\", ")
                .endsWith("\nuser: hi\n");
        var single = ask("{" + ASK + "," + TOOLS + ",'parallel_tool_calls':false}");
        assertThat(single.at("/choices/0/message/tool_calls")).hasSize(1);
    }

    @Test
    void tokenizeCountsTheToolsOfAConversation() throws Exception {
        ask("{" + ASK + "," + TOOLS + "}");
        var response = SERVICE.http().post("/v1/tokenize", "{" + ASK + "," + TOOLS + "}");
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(Http.tree(response).get("count").asInt())
                .isEqualTo(SERVICE.replica().submitted().remove().promptTokens().size());
        assertThat(Http.tree(SERVICE.http().post("/v1/tokenize", "{" + ASK + "}"))
                        .get("count")
                        .asInt())
                .isLessThan(Http.tree(response).get("count").asInt());
    }

    @Test
    void aStreamHasTheSameCallsInPieces() throws Exception {
        var response = SERVICE.http().post(CHAT, "{" + ASK + "," + TOOLS + ",'stream':true,'logprobs':true}");
        var content = new StringBuilder();
        List<String> names = new ArrayList<>();
        List<StringBuilder> arguments = new ArrayList<>();
        var finish = new StringBuilder();
        int numTokens = 0;
        int numPieces = 0;
        for (var chunk : chunks(response.body())) {
            var choice = chunk.at("/choices/0");
            content.append(choice.at("/delta/content").asText(""));
            finish.append(choice.at("/finish_reason").asText(""));
            numTokens += choice.at("/logprobs/content").size();
            for (var call : choice.at("/delta/tool_calls")) {
                int index = call.at("/index").asInt();
                if (index == names.size()) {
                    assertThat(call.at("/type").asText()).isEqualTo("function");
                    assertThat(call.at("/id").asText()).startsWith("call_");
                    names.add(call.at("/function/name").asText());
                    arguments.add(new StringBuilder());
                } else {
                    assertThat(call.has("id")
                                    || call.has("type")
                                    || call.at("/function").has("name"))
                            .isFalse();
                }
                arguments.get(index).append(call.at("/function/arguments").asText());
                numPieces++;
            }
        }
        assertThat(content.toString()).isEqualTo("I look.");
        assertThat(names).containsExactly("look", "stop");
        assertThat(arguments.getFirst().toString()).isEqualTo("{\"at\": \"the \\\"stage\\\"\"}");
        assertThat(arguments.getLast().toString()).isEqualTo("{}");
        assertThat(numPieces).isGreaterThan(6);
        assertThat(finish.toString()).isEqualTo("tool_calls");
        assertThat(numTokens)
                .isEqualTo(ask("{" + ASK + "," + TOOLS + ",'logprobs':true}")
                        .at("/usage/completion_tokens")
                        .asInt());
    }

    private static List<JsonNode> chunks(String body) throws Exception {
        List<JsonNode> chunks = new ArrayList<>();
        for (var line : body.split("\n", -1)) {
            if (line.startsWith("data: {")) {
                chunks.add(new JsonMapper().readTree(line.substring("data: ".length())));
            }
        }
        return chunks;
    }

    @Test
    void aRequiredCallIsHeldToTheSchemaOfItsFunction() throws Exception {
        SERVICE.replica().says(SERVICE.node().tokenizer(), "{\"name\": \"look\", \"arguments\": {\"at\": \"x\"}}");
        var named = ask("{" + ASK + "," + TOOLS
                + ",'tool_choice':{'type':'function','function':{'name':'look'}},'max_tokens':90}");
        assertThat(named.at("/choices/0/message/tool_calls/0/function/arguments")
                        .asText())
                .isEqualTo("{\"at\": \"x\"}");
        assertThat(named.at("/choices/0/message/content").isNull()).isTrue();
        assertThat(named.at("/choices/0/finish_reason").asText()).isEqualTo("tool_calls");
        var request = SERVICE.replica().submitted().peek();
        assertThat(calls(request))
                .contains("{\"const\":\"look\"}")
                .doesNotContain("{\"const\":\"stop\"}")
                .contains("\"#/$defs/parameters0/$defs/word\"");
        assertThat(SERVICE.prompt()).endsWith("user: hi\n<tool_call>\n");
        ask("{" + ASK + "," + TOOLS + ",'tool_choice':'required'}");
        assertThat(calls(SERVICE.replica().submitted().remove()))
                .contains("{\"const\":\"look\"}")
                .contains("{\"const\":\"stop\"}");
    }

    private static String calls(GenerationRequest request) {
        return request.sampling().forms().getFirst().parts().getFirst().text();
    }

    @Test
    void requiredCallsMayBeSeveralUnlessOneIsWanted() throws Exception {
        SERVICE.replica().says(SERVICE.node().tokenizer(), """
                {"name": "look", "arguments": {"at": "x"}}
                </tool_call>
                <tool_call>
                {"name": "stop", "arguments": {}}
                </tool_call>""");
        var required = ",'tool_choice':'required','max_tokens':200";
        var several = ask("{" + ASK + "," + TOOLS + required + "}").at("/choices/0");
        assertThat(several.at("/message/tool_calls/0/function/name").asText()).isEqualTo("look");
        assertThat(several.at("/message/tool_calls/1/function/name").asText()).isEqualTo("stop");
        assertThat(several.at("/message/content").isNull()).isTrue();
        assertThat(several.at("/finish_reason").asText()).isEqualTo("tool_calls");
        assertThat(SERVICE.replica().submitted().remove().sampling().forms())
                .singleElement()
                .satisfies(form -> assertThat(form.most()).isEqualTo(15));
        ask("{" + ASK + "," + TOOLS + required + ",'parallel_tool_calls':false}");
        assertThat(SERVICE.replica().submitted().remove().sampling().forms())
                .singleElement()
                .satisfies(form -> assertThat(form.most()).isZero());
    }

    @Test
    void anAnswerIsCallsOrJson() throws Exception {
        var json = ",'response_format':{'type':'json_object'}";
        SERVICE.replica().says(SERVICE.node().tokenizer(), "{\"mark\": \"<tool_call>\"}");
        var text = ask("{" + ASK + "," + TOOLS + json + "}").at("/choices/0");
        assertThat(text.at("/message/content").asText()).isEqualTo("{\"mark\": \"<tool_call>\"}");
        assertThat(text.at("/message").has("tool_calls")).isFalse();
        assertThat(text.at("/finish_reason").asText()).isEqualTo("stop");
        assertThat(SERVICE.replica().submitted().remove().sampling().forms())
                .hasSize(2)
                .first()
                .isEqualTo(AnswerForm.json(JsonGrammar.ANY_OBJECT));
        SERVICE.replica().says(SERVICE.node().tokenizer(), """
                <tool_call>{"name": "stop", "arguments": {}}</tool_call>""");
        var call = ask("{" + ASK + "," + TOOLS + json + "}").at("/choices/0");
        assertThat(call.at("/message/tool_calls/0/function/name").asText()).isEqualTo("stop");
        assertThat(call.at("/finish_reason").asText()).isEqualTo("tool_calls");
        SERVICE.replica().submitted().clear();
        ask("{" + ASK + "," + TOOLS + json + ",'tool_choice':'required'}");
        assertThat(calls(SERVICE.replica().submitted().remove())).contains("{\"const\":\"stop\"}");
        ask("{" + ASK + "," + TOOLS + json + ",'tool_choice':'none'}");
        assertThat(SERVICE.replica().submitted().remove().sampling().forms())
                .containsExactly(AnswerForm.json(JsonGrammar.ANY_OBJECT));
    }

    @Test
    void earlierCallsAndTheirResultsReachTheTemplate() throws Exception {
        SERVICE.replica().says(SERVICE.node().tokenizer(), "done");
        var answer = ask("{'model':'tiny','messages':[{'role':'user','content':'hi'},"
                + "{'role':'assistant','content':null,'tool_calls':[{'id':'c1','type':'function','function':"
                + "{'name':'look','arguments':'{\\\"at\\\":1}'}}]},{'role':'tool','tool_call_id':'c1','content':'seen'}],"
                + "'tool_choice':'none'," + TOOLS + "}");
        assertThat(answer.at("/choices/0/message/content").asText()).isEqualTo("done");
        assertThat(answer.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
        assertThat(SERVICE.prompt()).isEqualTo("""
                        user: hi
                        assistant: <tool_call>{"name": "look", "arguments": {"at": 1}}</tool_call>
                        tool: seen
                        """);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "'tools':[{'type':'web','function':{'name':'x'}}] | tools[0].type | only 'function'",
                "'tools':[{'type':'function','function':{'name':'a b'}}] | tools | letters",
                "'tools':[{'type':'function','function':{'name':'x'}},{'type':'function','function':{'name':'x'}}]"
                        + " | tools | twice",
                "'tools':[{'type':'function','function':{'name':'x','parameters':3}}]"
                        + " | tools[0].function.parameters | an object",
                "'tool_choice':'required' | tool_choice | only allowed when 'tools'",
                "'tools':[{'type':'function','function':{'name':'x'}}],'tool_choice':'always' | tool_choice | must be",
                "'tools':[{'type':'function','function':{'name':'x'}}],"
                        + "'tool_choice':{'type':'function','function':{'name':'y'}} | tool_choice | 'y'",
                "'tools':[{'type':'function','function':{'name':'x','parameters':{'not':{}}}}],"
                        + "'response_format':{'type':'json_object'} | tools | #/$defs/parameters0 has the keyword 'not'",
                "'tools':[{'type':'function','function':{'name':'x'}}],'response_format':{'type':'json_schema',"
                        + "'json_schema':{'name':'y','schema':{'not':{}}}} | response_format | the keyword 'not'",
                "'tools':[{'type':'function','function':{'name':'x','parameters':{'not':{}}}}],'tool_choice':'required'"
                        + " | tools | #/$defs/parameters0 has the keyword 'not'",
            })
    void whatDoesNotFitTogetherIsNamed(String fields, String param, String message) throws Exception {
        var response = SERVICE.http().post(CHAT, "{" + ASK + "," + fields + "}");
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        assertThat(Http.tree(response).at("/error/param").asText()).isEqualTo(param);
        assertThat(Http.tree(response).at("/error/message").asText()).contains(message);
    }
}
