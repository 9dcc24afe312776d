package dev.troupe.routing.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.grpc.GrpcClientSettings;
import akka.stream.javadsl.Sink;
import dev.troupe.actors.serving.GenerationEvent.RejectReason;
import dev.troupe.actors.serving.SamplingParameters;
import dev.troupe.model.grammar.AnswerForm;
import dev.troupe.routing.harness.FakeReplica;
import dev.troupe.routing.harness.TestNode;
import dev.troupe.routing.proto.ChatMessage;
import dev.troupe.routing.proto.ChatRequest;
import dev.troupe.routing.proto.FinishReason;
import dev.troupe.routing.proto.GenerateChunk;
import dev.troupe.routing.proto.GenerateRequest;
import dev.troupe.routing.proto.GenerationOptions;
import dev.troupe.routing.proto.ListModelsRequest;
import dev.troupe.routing.proto.RouterClient;
import dev.troupe.routing.proto.TokenIds;
import dev.troupe.routing.proto.Tool;
import dev.troupe.routing.proto.health.HealthCheckRequest;
import dev.troupe.routing.proto.health.HealthCheckResponse.ServingStatus;
import dev.troupe.routing.proto.health.HealthClient;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The router's service, health and errors, seen by a real client over a socket. */
class GrpcApiTest {
    private static TestNode node;
    private static FakeReplica replica;
    private static GrpcClientSettings settings;
    private static RouterClient client;

    @BeforeAll
    static void start() throws Exception {
        node = TestNode.start("");
        settings = node.grpcSettings();
        var health = HealthClient.create(settings, node.system());
        assertThat(TestNode.get(health.check(HealthCheckRequest.getDefaultInstance()))
                        .getStatus())
                .isEqualTo(ServingStatus.NOT_SERVING);
        replica = node.replica();
        client = RouterClient.create(settings, node.system());
    }

    @AfterAll
    static void stop() {
        node.close();
    }

    @BeforeEach
    void script() {
        replica.submitted().clear();
        replica.cancelled().clear();
        replica.says(node.tokenizer(), "the world é🎭 plays");
    }

    private static GenerateRequest.Builder request() {
        return GenerateRequest.newBuilder().setModel("tiny").setText("hello").setOptions(options());
    }

    private static GenerationOptions.Builder options() {
        return GenerationOptions.newBuilder().setMaxTokens(40);
    }

    private static void assertStatus(CompletionStage<?> call, Status.Code code, String message) {
        assertThatThrownBy(() -> TestNode.get(call))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOfSatisfying(StatusRuntimeException.class, e -> {
                    assertThat(e.getStatus().getCode()).isEqualTo(code);
                    assertThat(e.getStatus().getDescription()).contains(message);
                });
    }

    @Test
    void generatesAWholeAnswer() throws Exception {
        var reply = TestNode.get(client.generate(request()
                .setRequestId("mine-1")
                .setOptions(options().setSeed(9).setChoices(2).setLogProbs(1))
                .build()));
        assertThat(reply.getRequestId()).isEqualTo("mine-1");
        assertThat(reply.getModel()).isEqualTo("tiny");
        assertThat(reply.getModelVersion()).isEqualTo(TestNode.VERSION);
        assertThat(reply.getSeed()).isEqualTo(9);
        assertThat(reply.getChoicesCount()).isEqualTo(2);
        var choice = reply.getChoices(1);
        assertThat(choice.getText()).isEqualTo("the world é🎭 plays");
        assertThat(choice.getFinishReason()).isEqualTo(FinishReason.FINISH_REASON_STOP);
        int tokens = node.tokenizer().encode("the world é🎭 plays").length;
        assertThat(choice.getLogProbsCount()).isEqualTo(tokens);
        assertThat(choice.getLogProbs(0).getTopCount()).isEqualTo(1);
        assertThat(reply.getUsage().getCompletionTokens()).isEqualTo(2 * tokens);
    }

    @Test
    void streamsAnAnswer() throws Exception {
        var chat = ChatRequest.newBuilder()
                .addMessages(ChatMessage.newBuilder().setRole("user").setContent("hello"))
                .setOptions(options().addStop("ys"))
                .build();
        // Without a name: there is only one model.
        var chunks = TestNode.get(client.chatStream(chat).runWith(Sink.seq(), node.system()));
        assertThat(chunks.stream()
                        .filter(GenerateChunk::hasPiece)
                        .map(chunk -> chunk.getPiece().getText())
                        .collect(Collectors.joining()))
                .isEqualTo("the world é🎭 pla");
        assertThat(chunks.get(chunks.size() - 2).getFinished().getFinishReason())
                .isEqualTo(FinishReason.FINISH_REASON_STOP);
        assertThat(chunks.getLast().hasUsage()).isTrue();
        assertThat(TestNode.get(client.chat(chat)).getChoices(0).getText()).isEqualTo("the world é🎭 pla");
    }

    @Test
    void passesEverySamplingParameterOn() throws Exception {
        var options = options()
                .setTemperature(0.5)
                .setTopK(3)
                .setTopP(0.25)
                .setMinP(0.125)
                .setRepetitionPenalty(1.5)
                .setPresencePenalty(1)
                .setFrequencyPenalty(-1)
                .putLogitBias(5, -100)
                .putLogitBias(7, 2.5)
                .setSeed(11)
                .setLogProbs(2)
                .addStopTokenIds(9);
        TestNode.get(client.generate(request().setOptions(options).build()));
        var submitted = replica.submitted().remove();
        assertThat(submitted.sampling())
                .isEqualTo(new SamplingParameters(0.5, 3, 0.25, 0.125, 1.5, 1, -1, Map.of(5, -100.0, 7, 2.5), 11, 2));
        assertThat(submitted.stopTokens()).contains(9);
        assertThat(submitted.maxTokens()).isEqualTo(40);

        assertStatus(
                client.generate(
                        request().setOptions(options().putLogitBias(9999, 1)).build()),
                Status.Code.INVALID_ARGUMENT,
                "token 9999");
        assertStatus(
                client.generate(
                        request().setOptions(options().addStopTokenIds(9999)).build()),
                Status.Code.INVALID_ARGUMENT,
                "9999");
        assertStatus(
                client.generate(request().setOptions(options().setTopP(1.5)).build()),
                Status.Code.INVALID_ARGUMENT,
                "top_p");
        assertStatus(
                client.generate(
                        request().setOptions(options().setFrequencyPenalty(3)).build()),
                Status.Code.INVALID_ARGUMENT,
                "frequency_penalty");
        assertThat(replica.submitted()).isEmpty();
    }

    @Test
    void schemasReachTheReplica() throws Exception {
        TestNode.get(client.generate(
                request().setOptions(options().setJsonObject(true)).build()));
        assertThat(replica.submitted().remove().sampling().forms())
                .containsExactly(AnswerForm.json("{\"type\":\"object\"}"));
        var schema = "{\"type\":\"array\",\"items\":{\"const\":3}}";
        TestNode.get(client.generate(
                request().setOptions(options().setJsonSchema(schema)).build()));
        assertThat(replica.submitted().remove().sampling().forms()).containsExactly(AnswerForm.json(schema));
        assertStatus(
                client.generate(request()
                        .setOptions(options().setJsonSchema("{\"not\":{}}"))
                        .build()),
                Status.Code.INVALID_ARGUMENT,
                "'not'");
    }

    @Test
    void toolsNeedATemplateThatShowsThem() {
        var chat = ChatRequest.newBuilder()
                .addMessages(ChatMessage.newBuilder().setRole("user").setContent("hello"))
                .addTools(Tool.newBuilder().setName("f").setParameters("{\"type\":\"object\"}"));
        assertStatus(client.chat(chat.build()), Status.Code.INVALID_ARGUMENT, "no place for tools");
        assertStatus(
                client.chat(chat.setToolChoice("required").setToolFunction("g").build()),
                Status.Code.INVALID_ARGUMENT,
                "'g'");
        assertStatus(
                client.chat(chat.setTools(0, Tool.newBuilder().setName("f").setParameters("{"))
                        .build()),
                Status.Code.INVALID_ARGUMENT,
                "no JSON");
    }

    @Test
    void takesTokensAndEchoes() throws Exception {
        var reply = TestNode.get(client.generate(request()
                .setTokens(TokenIds.newBuilder().addIds(104).addIds(105))
                .setEcho(true)
                .build()));
        assertThat(replica.submitted().remove().promptTokens()).containsExactly(104, 105);
        assertThat(reply.getChoices(0).getText())
                .isEqualTo(node.tokenizer().decode(new int[] {104, 105}) + "the world é🎭 plays");
    }

    @Test
    void listsModels() throws Exception {
        var models = TestNode.get(client.listModels(ListModelsRequest.getDefaultInstance()))
                .getModelsList();
        assertThat(models).hasSize(1);
        assertThat(models.getFirst().getId()).isEqualTo("tiny");
        assertThat(models.getFirst().getReplicas()).isEqualTo(1);
    }

    @Test
    void errorsAreStatuses() {
        assertStatus(client.generate(request().setModel("none").build()), Status.Code.NOT_FOUND, "tiny");
        assertStatus(
                client.generate(GenerateRequest.newBuilder().setModel("tiny").build()),
                Status.Code.INVALID_ARGUMENT,
                "prompt");
        assertStatus(
                client.generate(
                        request().setOptions(options().setTemperature(9)).build()),
                Status.Code.INVALID_ARGUMENT,
                "temperature");
        assertStatus(
                client.generate(request().setText("z".repeat(200)).build()),
                Status.Code.INVALID_ARGUMENT,
                "maximum context length is " + TestNode.CONTEXT);
        assertStatus(
                client.generateStream(request().setModel("none").build()).runWith(Sink.seq(), node.system()),
                Status.Code.NOT_FOUND,
                "tiny");
        assertStatus(client.chat(ChatRequest.getDefaultInstance()), Status.Code.INVALID_ARGUMENT, "messages");
        replica.rejects(RejectReason.QUEUE_FULL);
        assertStatus(client.generate(request().build()), Status.Code.RESOURCE_EXHAUSTED, "full queue");
        replica.rejects(RejectReason.DRAINING);
        assertStatus(client.generate(request().build()), Status.Code.UNAVAILABLE, "shutting down");
    }

    @Test
    void theCallsDeadlineReachesTheReplica() throws Exception {
        replica.script((request, replyTo) -> {});
        var hurried = RouterClient.create(settings.withDeadline(Duration.ofMillis(1500)), node.system());
        TestNode.get(hurried.listModels(ListModelsRequest.getDefaultInstance())); // connected
        assertStatus(hurried.generate(request().build()), Status.Code.DEADLINE_EXCEEDED, "");
        TestNode.await("cancelled", () -> replica.cancelled().size() == 1);
    }

    @Test
    void aStreamThatIsCancelledIsCancelledAtTheReplica() throws Exception {
        replica.script((request, replyTo) ->
                FakeReplica.say(request, replyTo, node.tokenizer().encode("the world"), false));
        // Sink.head cancels the stream after its first element.
        var first = client.generateStream(request().build()).runWith(Sink.head(), node.system());
        assertThat(TestNode.get(first).hasPiece()).isTrue();
        TestNode.await("cancelled", () -> replica.cancelled().size() == 1);
    }

    @Test
    void healthFollowsTheModels() throws Exception {
        var health = HealthClient.create(settings, node.system());
        var serving = HealthCheckRequest.newBuilder()
                .setService("troupe.router.v1.Router")
                .build();
        assertThat(TestNode.get(health.check(serving)).getStatus()).isEqualTo(ServingStatus.SERVING);
        assertStatus(
                health.check(HealthCheckRequest.newBuilder().setService("x").build()), Status.Code.NOT_FOUND, "x");
        assertThat(TestNode.get(health.watch(serving).runWith(Sink.head(), node.system()))
                        .getStatus())
                .isEqualTo(ServingStatus.SERVING);
    }
}
