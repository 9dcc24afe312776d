package dev.troupe.routing.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import akka.stream.javadsl.Sink;
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
        assertThat(request.sampling().jsonSchema()).contains("\"maxItems\":1");
    }
}
