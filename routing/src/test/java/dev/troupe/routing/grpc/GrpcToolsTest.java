package dev.troupe.routing.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import akka.grpc.GrpcClientSettings;
import akka.stream.javadsl.Sink;
import dev.troupe.routing.harness.FakeReplica;
import dev.troupe.routing.harness.TestNode;
import dev.troupe.routing.proto.ChatMessage;
import dev.troupe.routing.proto.ChatRequest;
import dev.troupe.routing.proto.FinishReason;
import dev.troupe.routing.proto.GenerationOptions;
import dev.troupe.routing.proto.RouterClient;
import dev.troupe.routing.proto.Tool;
import dev.troupe.routing.proto.ToolCall;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Tools over gRPC, with a model whose template shows them. */
class GrpcToolsTest {
    private static final String JINJA = "{% if tools %}{{ tools | tojson }}{% endif %}{% for message in messages %}"
            + "{{ message.role + ':' + message.content }}{% for call in message.tool_calls %}"
            + "{{ '[TOOL_CALLS]' + call.id + call.function.name }}{% endfor %}{% endfor %}";

    private static TestNode node;
    private static FakeReplica replica;
    private static RouterClient client;

    @BeforeAll
    static void start() throws Exception {
        node = TestNode.start("");
        replica = node.replica(JINJA);
        replica.says(node.tokenizer(), "[TOOL_CALLS] [{\"name\": \"look\", \"arguments\": {\"at\": 1}}]");
        client = RouterClient.create(
                GrpcClientSettings.connectToServiceAt(
                                "127.0.0.1", node.bindings().grpcPort(), node.system())
                        .withTls(false),
                node.system());
    }

    @AfterAll
    static void stop() {
        node.close();
    }

    private static ChatRequest.Builder request() {
        return ChatRequest.newBuilder()
                .addMessages(ChatMessage.newBuilder().setRole("user").setContent("hello"))
                .addTools(Tool.newBuilder().setName("look").setParameters("{\"type\":\"object\"}"))
                .setOptions(GenerationOptions.newBuilder().setMaxTokens(100));
    }

    @Test
    void callsComeWholeAndInPieces() throws Exception {
        var choice = TestNode.get(client.chat(request().build())).getChoices(0);
        assertThat(choice.getFinishReason()).isEqualTo(FinishReason.FINISH_REASON_TOOL_CALLS);
        assertThat(choice.getText()).isEmpty();
        var call = choice.getToolCalls(0);
        assertThat(call.getName()).isEqualTo("look");
        assertThat(call.getArguments()).isEqualTo("{\"at\": 1}");
        assertThat(call.getId()).hasSize(9);
        var chunks = TestNode.get(client.chatStream(request().build()).runWith(Sink.seq(), node.system()));
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
        replica.submitted().clear();
        var called = ChatMessage.newBuilder()
                .setRole("assistant")
                .addToolCalls(
                        ToolCall.newBuilder().setId("123456789").setName("look").setArguments("{}"));
        var result = ChatMessage.newBuilder()
                .setRole("tool")
                .setToolCallId("123456789")
                .setContent("seen");
        TestNode.get(client.chat(request()
                .addMessages(called)
                .addMessages(result)
                .setToolChoice("required")
                .build()));
        var request = replica.submitted().remove();
        assertThat(node.tokenizer()
                        .decode(request.promptTokens().stream()
                                .mapToInt(Integer::intValue)
                                .toArray()))
                .endsWith("user:helloassistant:[TOOL_CALLS]123456789looktool:seen[TOOL_CALLS]");
        assertThat(request.sampling().jsonSchema()).contains("\"maxItems\":1");
    }
}
