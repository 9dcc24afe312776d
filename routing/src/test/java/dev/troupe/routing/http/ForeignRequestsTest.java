package dev.troupe.routing.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.routing.harness.FakeService;
import dev.troupe.routing.harness.Http;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What programs send that were written for other servers: conversations that another model began, fields that a proxy
 * put in, paths with a slash too many.
 */
class ForeignRequestsTest {
    private static final String CHAT = "/v1/chat/completions";
    private static final String COMPLETIONS = "/v1/completions";
    private static final String USER = "{'role':'user','content':'hi'}";
    private static final String JINJA = """
            {%- for message in messages %}
            {{- message.role + (' ' + message.name if message.name else '') + ': ' + message.content }}
            {%- for call in message.tool_calls %}{{ '<call>' + call.function | tojson + '</call>' }}{% endfor %}
            {{- '\\n' }}
            {%- endfor %}
            {#- tools #}""";

    @RegisterExtension
    static final FakeService SERVICE = FakeService.saying("the world").withTemplate(JINJA);

    @BeforeEach
    void forget() {
        SERVICE.replica().submitted().clear();
    }

    private static JsonNode ask(String path, String body) throws Exception {
        var response = SERVICE.http().post(path, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return Http.tree(response);
    }

    /** What the model reads of these messages. */
    private static String prompt(String messages) throws Exception {
        ask(CHAT, "{'model':'tiny','messages':[" + messages + "]}");
        return SERVICE.prompt();
    }

    @Test
    void fieldsOfOthersInMessagesArePassedOver() throws Exception {
        var messages = "{'role':'user','metadata':{'a':1},'content':[{'type':'text','text':'hi',"
                + "'cache_control':{'type':'ephemeral'}}]},{'role':'assistant','content':'ho','refusal':null,"
                + "'reasoning_content':'hm','provider_specific_fields':{},'audio':null,'annotations':[]}," + USER;
        assertThat(prompt(messages)).isEqualTo("user: hi\nassistant: ho\nuser: hi\n");
    }

    @Test
    void textPartsStandOnLinesOfTheirOwn() throws Exception {
        assertThat(
                        prompt(
                                "{'role':'user','content':[{'type':'text','text':'a file'},{'type':'text','text':'a question'}]}"))
                .isEqualTo("user: a file\na question\n");
    }

    @Test
    void namesTellSpeakersApart() throws Exception {
        assertThat(prompt(
                        "{'role':'user','name':'ann','content':'hi'},{'role':'assistant','name':'bob','content':'ho'}"))
                .isEqualTo("user ann: hi\nassistant bob: ho\n");
    }

    @Test
    void refusalsOfAnotherModelAreText() throws Exception {
        var parts = "{'role':'assistant','content':[{'type':'refusal','refusal':'never'}]}";
        assertThat(prompt(USER + ",{'role':'assistant','content':null,'refusal':'no'}," + parts))
                .isEqualTo("user: hi\nassistant: no\nassistant: never\n");
    }

    /** A client tells the model of its mistake in the message after it. */
    @ParameterizedTest
    @ValueSource(strings = {"{at: 1}", "[1]", "{\\\"at\\\": \\\"cut o", "True"})
    void callsKeepWhateverArgumentsAModelWrote(String arguments) throws Exception {
        var call = "{'role':'assistant','content':'','tool_calls':[{'id':'c1','index':0,'type':'function',"
                + "'function':{'name':'look','arguments':'" + arguments + "'}}]}";
        assertThat(prompt(call))
                .isEqualTo("assistant: <call>{\"name\": \"look\", \"arguments\": \"" + arguments + "\"}</call>\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "null", "{}"})
    void callsWithoutArgumentsHaveNone(String arguments) throws Exception {
        var call = "{'role':'assistant','tool_calls':[{'id':'c1','function':{'name':'look','arguments':'" + arguments
                + "'}}]}";
        assertThat(prompt(call)).isEqualTo("assistant: <call>{\"name\": \"look\", \"arguments\": {}}</call>\n");
    }

    @Test
    void functionsOfBeforeToolsAreCallsInAConversation() throws Exception {
        var messages = "{'role':'assistant','content':null,'function_call':{'name':'look','arguments':'{}'}},"
                + "{'role':'function','name':'look','content':'seen'}";
        assertThat(prompt(messages))
                .isEqualTo("assistant: <call>{\"name\": \"look\", \"arguments\": {}}</call>\ntool look: seen\n");
        var response =
                SERVICE.http().post(CHAT, "{'model':'tiny','messages':[" + USER + "],'functions':[{'name':'look'}]}");
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(Http.tree(response).at("/error/message").asText()).contains("'tools'");
    }

    @Test
    void hintsThatChangeNoAnswerPass() throws Exception {
        ask(
                CHAT,
                "{'model':'tiny','messages':[" + USER + "],'store':true,'service_tier':'flex','verbosity':'low',"
                        + "'prediction':{'type':'content','content':'x'},'tools':[{'type':'function','x':1,"
                        + "'function':{'name':'look','strict':true,'y':2}}]}");
    }

    /** Without max_tokens an answer may be as long as the context leaves it room. */
    @Test
    void anAnswerHasTheContextsRoom() throws Exception {
        ask(CHAT, "{'model':'tiny','messages':[" + USER + "]}");
        var request = SERVICE.replica().submitted().remove();
        assertThat(request.maxTokens() + request.promptTokens().size()).isEqualTo(2000);
    }

    @Test
    void oneMoreTokenThanAskedForHasItsProbability() throws Exception {
        var body = ask(COMPLETIONS, "{'model':'tiny','prompt':'x','logprobs':0}");
        var logProbs = body.at("/choices/0/logprobs");
        for (int i = 0; i < logProbs.get("tokens").size(); i++) {
            var token = logProbs.get("tokens").get(i).asText();
            assertThat(logProbs.get("top_logprobs").get(i).get(token))
                    .isEqualTo(logProbs.get("token_logprobs").get(i));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/v1/completions/", "//v1/completions", "//v1/completions/"})
    void aSlashTooManyIsNoMatter(String path) throws Exception {
        ask(path, "{'model':'tiny','prompt':'x'}");
        assertThat(SERVICE.http().get("/v1/models/").statusCode()).isEqualTo(200);
        assertThat(SERVICE.http().get("//v1/models/tiny").statusCode()).isEqualTo(200);
    }

    @Test
    void aBodyInACodingIsNamed() throws Exception {
        var request = SERVICE.http().json(CHAT, "{}").header("content-encoding", "gzip");
        var response = SERVICE.http().send(request);
        assertThat(response.statusCode()).isEqualTo(415);
        assertThat(Http.tree(response).at("/error/message").asText()).contains("'gzip'");
    }

    @Test
    void manyPromptsAreWhatIsTooMany() throws Exception {
        var prompts = "'x',".repeat(64) + "'x'";
        var response = SERVICE.http().post(COMPLETIONS, "{'model':'tiny','prompt':[" + prompts + "]}");
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(Http.tree(response).at("/error/param").asText()).isEqualTo("prompt");
    }
}
