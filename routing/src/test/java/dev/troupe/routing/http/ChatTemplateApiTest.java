package dev.troupe.routing.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.routing.harness.FakeService;
import dev.troupe.routing.harness.Http;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A model's own template over HTTP: what it makes of messages, and what it refuses. */
class ChatTemplateApiTest {
    private static final String CHAT = "/v1/chat/completions";
    private static final String JINJA = """
            {%- for message in messages %}
            {%- if message.role == 'system' %}{{ raise_exception('No system messages, please.') }}{% endif %}
            {{- '[' + message.role + '] ' + message.content + '\\n' }}
            {%- if message.content == 'fail' %}{{ message.content.no_such() }}{% endif %}
            {%- endfor %}
            {%- if add_generation_prompt %}{{ '[assistant]' }}{% endif %}
            """;

    @RegisterExtension
    static final FakeService SERVICE = FakeService.saying("yes").withTemplate(JINJA);

    @Test
    void messagesBecomeWhatTheTemplateWrites() throws Exception {
        var response =
                SERVICE.http().post(CHAT, "{'model':'tiny','messages':[{'role':'user','content':'<|endoftext|> hi'}]}");
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        var prompt = SERVICE.replica().submitted().remove().promptTokens();
        int[] ids = prompt.stream().mapToInt(Integer::intValue).toArray();
        assertThat(SERVICE.node().tokenizer().decode(ids)).isEqualTo("[user] <|endoftext|> hi\n[assistant]");
        assertThat(ids).doesNotContain(SERVICE.node().tokenizer().endOfText());
    }

    @Test
    void whatTheTemplateRefusesIsAnErrorOfTheRequest() throws Exception {
        var refused = SERVICE.http().post(CHAT, "{'model':'tiny','messages':[{'role':'system','content':'x'}]}");
        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(Http.tree(refused).at("/error/message").asText())
                .contains("refuses this conversation: No system messages, please.");
        assertThat(Http.tree(refused).at("/error/param").asText()).isEqualTo("messages");
        var failed = SERVICE.http().post(CHAT, "{'model':'tiny','messages':[{'role':'user','content':'fail'}]}");
        assertThat(failed.statusCode()).isEqualTo(400);
        assertThat(Http.tree(failed).at("/error/message").asText())
                .contains("line 4")
                .contains("no_such");
    }
}
