package dev.troupe.routing.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.model.TroupeException;
import dev.troupe.routing.access.ApiKeys;
import dev.troupe.routing.harness.FakeService;
import dev.troupe.routing.harness.Http;
import dev.troupe.routing.harness.TestNode;
import dev.troupe.routing.proto.ChatMessage;
import dev.troupe.routing.proto.ChatRequest;
import dev.troupe.routing.proto.DetokenizeRequest;
import dev.troupe.routing.proto.EmbedInput;
import dev.troupe.routing.proto.EmbedRequest;
import dev.troupe.routing.proto.GenerateRequest;
import dev.troupe.routing.proto.ListModelsRequest;
import dev.troupe.routing.proto.TokenizeRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Status 401 without a key, over HTTP and gRPC; and who a client is for the queues. */
class ApiKeysTest {
    private static final String KEY = "sk-first-0123456789";
    private static final Map<String, String> BODIES = Map.of(
            "/v1/chat/completions",
            "{'model':'tiny','messages':[{'role':'user','content':'hello'}]}",
            "/v1/responses",
            "{'model':'tiny','input':'hello'}",
            "/v1/completions",
            "{'model':'tiny','prompt':'hello'}",
            "/v1/embeddings",
            "{'model':'tiny','input':'hello'}",
            "/v1/tokenize",
            "{'model':'tiny','prompt':'hello'}",
            "/v1/detokenize",
            "{'model':'tiny','tokens':[1]}");

    @RegisterExtension
    static final FakeService SERVICE =
            FakeService.saying("the world").with("troupe.routing.apiKeys = [" + KEY + ", sk-second-0123456789]");

    private static void assertRefused(HttpResponse<String> response, String message) throws Exception {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(401);
        assertThat(response.headers().firstValue("www-authenticate")).contains("Bearer");
        var error = Http.tree(response).get("error");
        assertThat(error.get("code").asText()).isEqualTo("invalid_api_key");
        assertThat(error.get("message").asText()).contains(message);
        assertThat(SERVICE.replica().submitted()).isEmpty();
    }

    @Test
    void everyPathOfTheApiWantsAKey() throws Exception {
        for (var entry : BODIES.entrySet()) {
            assertRefused(SERVICE.http().post(entry.getKey(), entry.getValue()), "No API key");
            assertRefused(
                    SERVICE.http()
                            .send(SERVICE.http()
                                    .json(entry.getKey(), entry.getValue())
                                    .header("authorization", "Bearer sk-wrong-1234")),
                    "not one of");
        }
        for (var path : List.of("/v1/models", "/v1/models/tiny", "/v1/nothing")) {
            assertRefused(SERVICE.http().get(path), "No API key");
        }
        assertRefused(
                SERVICE.http().send(SERVICE.http().request("/v1/models").header("authorization", "Basic " + KEY)),
                "No API key");
        assertRefused(
                SERVICE.http()
                        .send(SERVICE.http().request("/v1/models").header("authorization", "Bearer " + KEY + "x")),
                "not one of");
        assertRefused(
                SERVICE.http().send(SERVICE.http().request("/v1/models").header("authorization", "Bearer ")),
                "No API key");
    }

    @Test
    void probesAndThePlaygroundWantNone() throws Exception {
        for (var path : List.of("/", "/playground.js", "/healthz", "/readyz")) {
            assertThat(SERVICE.http().get(path).statusCode()).as(path).isEqualTo(200);
        }
    }

    @Test
    void anyOfTheKeysIsAccepted() throws Exception {
        for (var value : List.of("Bearer " + KEY, "bearer  sk-second-0123456789")) {
            assertThat(SERVICE.http()
                            .send(SERVICE.http().request("/v1/models").header("authorization", value))
                            .statusCode())
                    .isEqualTo(200);
            var chat = SERVICE.http()
                    .json("/v1/chat/completions", Objects.requireNonNull(BODIES.get("/v1/chat/completions")))
                    .header("authorization", value);
            assertThat(SERVICE.http().send(chat).statusCode()).isEqualTo(200);
        }
        var clients = SERVICE.replica().submitted().stream()
                .map(GenerationRequest::client)
                .toList();
        assertThat(clients).hasSize(2).doesNotHaveDuplicates().allMatch(client -> client.startsWith("key:"));
        assertThat(clients).noneMatch(client -> client.contains("sk-"));
    }

    private static void assertUnauthenticated(CompletionStage<?> call) {
        assertThatThrownBy(() -> TestNode.get(call)).cause().isInstanceOfSatisfying(StatusRuntimeException.class, e -> {
            assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
            assertThat(e.getStatus().getDescription()).contains("API key");
        });
    }

    @Test
    void everyMethodOfTheRouterWantsAKey() throws Exception {
        var client = SERVICE.grpc();
        var generate = GenerateRequest.newBuilder().setText("hello").build();
        assertUnauthenticated(client.generate(generate));
        assertUnauthenticated(client.generateStream(generate)
                .runWith(akka.stream.javadsl.Sink.seq(), SERVICE.node().system()));
        var chat = ChatRequest.newBuilder()
                .addMessages(ChatMessage.newBuilder().setRole("user").setContent("hello"))
                .build();
        assertUnauthenticated(client.chat(chat));
        assertUnauthenticated(client.chatStream(chat)
                .runWith(akka.stream.javadsl.Sink.seq(), SERVICE.node().system()));
        assertUnauthenticated(client.listModels(ListModelsRequest.getDefaultInstance()));
        assertUnauthenticated(
                client.tokenize(TokenizeRequest.newBuilder().setText("hello").build()));
        assertUnauthenticated(
                client.detokenize(DetokenizeRequest.newBuilder().addTokens(1).build()));
        assertUnauthenticated(client.embed(EmbedRequest.newBuilder()
                .addInputs(EmbedInput.newBuilder().setText("hello"))
                .build()));
        assertThat(SERVICE.replica().submitted()).isEmpty();
        var reply = TestNode.get(client.generate()
                .addHeader("authorization", "Bearer " + KEY)
                .addHeader("x-troupe-address", "forged")
                .invoke(generate));
        assertThat(reply.getChoices(0).getText()).isEqualTo("the world");
        assertThat(SERVICE.replica().submitted().remove().client()).startsWith("key:");
        assertThat(TestNode.get(client.listModels()
                                .addHeader("authorization", "Bearer " + KEY)
                                .invoke(ListModelsRequest.getDefaultInstance()))
                        .getModelsCount())
                .isEqualTo(1);
    }

    /** Without keys: the user that the request names, else the address. */
    @Test
    void clientsWithoutKeysAreToldApartByUserAndAddress() throws Exception {
        try (var open = TestNode.start("")) {
            var fake = open.replica();
            fake.says(open.tokenizer(), "x");
            var client = new Http(open);
            client.post("/v1/completions", "{'model':'tiny','prompt':'hello'}");
            client.post("/v1/completions", "{'model':'tiny','prompt':'hello','user':'ann'}");
            client.post("/v1/completions", "{'model':'tiny','prompt':'hello','user':'bob'}");
            client.post("/v1/completions", "{'model':'tiny','prompt':'hello','user':'ann'}");
            var grpc = open.grpcClient();
            TestNode.get(grpc.generate()
                    .addHeader("x-troupe-address", "forged")
                    .invoke(GenerateRequest.newBuilder().setText("hello").build()));
            TestNode.get(grpc.generate(
                    GenerateRequest.newBuilder().setText("hello").setUser("ann").build()));
            var clients =
                    fake.submitted().stream().map(GenerationRequest::client).toList();
            assertThat(clients.getFirst()).isEqualTo("address:127.0.0.1");
            assertThat(clients.get(1)).startsWith("user:").doesNotContain("ann").isEqualTo(clients.get(3));
            assertThat(clients.get(2)).isNotEqualTo(clients.get(1));
            assertThat(clients.get(4)).isEqualTo("address:127.0.0.1");
            assertThat(clients.get(5)).isEqualTo(clients.get(1));
        }
    }

    @Test
    void aBadKeyIsNamedByItsPlaceOnly() {
        assertThatThrownBy(() -> ApiKeys.of(List.of(KEY, "short")))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("apiKeys[1]")
                .hasMessageNotContaining("short");
        assertThat(ApiKeys.of(List.of(KEY)).toString()).doesNotContain(KEY);
        assertThat(ApiKeys.of(List.of()).areNeeded()).isFalse();
    }
}
