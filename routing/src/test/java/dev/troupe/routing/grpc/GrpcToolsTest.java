package dev.troupe.routing.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import akka.stream.javadsl.Sink;
import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.model.grammar.AnswerForm;
import dev.troupe.model.grammar.JsonGrammar;
import dev.troupe.routing.harness.FakeService;
import dev.troupe.routing.harness.TestNode;
import dev.troupe.routing.proto.ChatMessage;
import dev.troupe.routing.proto.ChatRequest;
import dev.troupe.routing.proto.FinishReason;
import dev.troupe.routing.proto.GenerationOptions;
import dev.troupe.routing.proto.Tool;
import dev.troupe.routing.proto.ToolCall;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tools over gRPC, with a model whose template shows them. */
class GrpcToolsTest {
    private static final String JINJA = "{% if tools %}{{ tools | tojson }}{% endif %}{% for message in messages %}"
            + "{{ message.role + ':' + message.content }}{% for call in message.tool_calls %}"
            + "{{ '[TOOL_CALLS]' + call.id + call.function.name }}{% endfor %}{% endfor %}";

    @RegisterExtension
    static final FakeService SERVICE = FakeService.saying(
                    "[TOOL_CALLS] [{\"name\": \"look\", \"arguments\": {\"at\": 1}}]")
            .withTemplate(JINJA);

    private static ChatRequest.Builder request() {
        return ChatRequest.newBuilder()
                .addMessages(ChatMessage.newBuilder().setRole("user").setContent("hello"))
                .addTools(Tool.newBuilder().setName("look").setParameters("{\"type\":\"object\"}"))
                .setOptions(GenerationOptions.newBuilder().setMaxTokens(100));
    }

    @Test
    void callsComeWholeAndInPieces() throws Exception {
        var choice = TestNode.get(SERVICE.grpc().chat(request().build())).getChoices(0);
        assertThat(choice.getFinishReason()).isEqualTo(FinishReason.FINISH_REASON_TOOL_CALLS);
        assertThat(choice.getText()).isEmpty();
        var call = choice.getToolCalls(0);
        assertThat(call.getName()).isEqualTo("look");
        assertThat(call.getArguments()).isEqualTo("{\"at\": 1}");
        assertThat(call.getId()).hasSize(9);
        var chunks = TestNode.get(SERVICE.grpc()
                .chatStream(request().build())
                .runWith(Sink.seq(), SERVICE.node().system()));
        var arguments = new StringBuilder();
        chunks.forEach(chunk -> arguments.append(chunk.getToolCall().getArguments()));
        assertThat(arguments.toString()).isEqualTo("{\"at\": 1}");
        assertThat(chunks.getFirst().getToolCall().getName()).isEqualTo("look");
        assertThat(chunks.stream()
                        .anyMatch(chunk ->
                                chunk.getFinished().getFinishReason() == FinishReason.FINISH_REASON_TOOL_CALLS))
                .isTrue();
    }

    @Test
    void aConversationWithCallsReachesTheTemplate() throws Exception {
        SERVICE.replica().submitted().clear();
        var called = ChatMessage.newBuilder()
                .setRole("assistant")
                .addToolCalls(
                        ToolCall.newBuilder().setId("123456789").setName("look").setArguments("{}"));
        var result = ChatMessage.newBuilder()
                .setRole("tool")
                .setToolCallId("123456789")
                .setContent("seen");
        TestNode.get(SERVICE.grpc()
                .chat(request()
                        .addMessages(called)
                        .addMessages(result)
                        .setToolChoice("required")
                        .build()));
        var request = SERVICE.replica().submitted().remove();
        assertThat(SERVICE.node()
                        .tokenizer()
                        .decode(request.promptTokens().stream()
                                .mapToInt(Integer::intValue)
                                .toArray()))
                .endsWith("user:helloassistant:[TOOL_CALLS]123456789looktool:seen[TOOL_CALLS]");
        assertThat(calls(request)).contains("\"minItems\":1").contains("\"maxItems\":16");
        TestNode.get(SERVICE.grpc()
                .chat(request()
                        .setToolChoice("required")
                        .setParallelToolCalls(false)
                        .build()));
        assertThat(calls(SERVICE.replica().submitted().remove())).contains("\"maxItems\":1,");
    }

    private static String calls(GenerationRequest request) {
        return request.sampling().forms().getFirst().parts().getLast().text();
    }

    @Test
    void anAnswerIsCallsOrJson() throws Exception {
        var options = GenerationOptions.newBuilder().setMaxTokens(100).setJsonObject(true);
        var both = request().setOptions(options).build();
        var choice = TestNode.get(SERVICE.grpc().chat(both)).getChoices(0);
        assertThat(choice.getToolCalls(0).getArguments()).isEqualTo("{\"at\": 1}");
        var forms = SERVICE.replica().submitted().remove().sampling().forms();
        assertThat(forms).hasSize(2).first().isEqualTo(AnswerForm.json(JsonGrammar.ANY_OBJECT));
        assertThat(forms.getLast().parts().getFirst()).isEqualTo(AnswerForm.Part.mark("[TOOL_CALLS]"));
        SERVICE.replica().says(SERVICE.node().tokenizer(), "{\"mark\": \"[TOOL_CALLS]\"}");
        choice = TestNode.get(SERVICE.grpc().chat(both)).getChoices(0);
        assertThat(choice.getToolCallsCount()).isZero();
        assertThat(choice.getText()).isEqualTo("{\"mark\": \"[TOOL_CALLS]\"}");
        assertThat(choice.getFinishReason()).isEqualTo(FinishReason.FINISH_REASON_STOP);
    }
}
