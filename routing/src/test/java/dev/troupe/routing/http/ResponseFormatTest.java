package dev.troupe.routing.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.grammar.AnswerForm;
import dev.troupe.model.grammar.JsonGrammar;
import dev.troupe.routing.harness.FakeService;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code response_format} on its way to the replica, which holds answers to it. */
class ResponseFormatTest {
    private static final String HELLO = "'model':'tiny','messages':[{'role':'user','content':'hello'}]";
    private static final String SCHEMA = "{'type':'object','properties':{'a':{'type':'integer'}},'required':['a']}";

    @RegisterExtension
    static final FakeService SERVICE = FakeService.saying("{\"a\": 1}");

    private static List<AnswerForm> formsOf(String path, String body) throws Exception {
        var response = SERVICE.http().post(path, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return SERVICE.replica().submitted().remove().sampling().forms();
    }

    @Test
    void schemasReachTheReplica() throws Exception {
        var chat = "/v1/chat/completions";
        assertThat(formsOf(chat, "{" + HELLO + "}")).isEmpty();
        assertThat(formsOf(chat, "{" + HELLO + ",'response_format':{'type':'text'}}"))
                .isEmpty();
        assertThat(formsOf(chat, "{" + HELLO + ",'response_format':{'type':'json_object'}}"))
                .containsExactly(AnswerForm.json(JsonGrammar.ANY_OBJECT));
        var named = "{'type':'json_schema','json_schema':{'name':'x','description':'y','strict':true,'schema':" + SCHEMA
                + "}}";
        assertThat(formsOf(chat, "{" + HELLO + ",'n':1,'response_format':" + named + "}"))
                .containsExactly(AnswerForm.json(SCHEMA.replace('\'', '"')));
        assertThat(formsOf("/v1/completions", "{'model':'tiny','prompt':'x','response_format':" + named + "}"))
                .containsExactly(AnswerForm.json(SCHEMA.replace('\'', '"')));
    }
}
