package dev.troupe.routing.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import akka.actor.typed.ActorRef;
import dev.troupe.actors.serving.GenerationEvent;
import dev.troupe.actors.serving.GenerationEvent.FinishReason;
import dev.troupe.actors.serving.GenerationEvent.RejectReason;
import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.PromptOutput;
import dev.troupe.routing.harness.FakeService;
import dev.troupe.routing.harness.Http;
import dev.troupe.routing.harness.TestNode;
import dev.troupe.routing.proto.EmbedInput;
import dev.troupe.routing.proto.EmbedRequest;
import dev.troupe.routing.proto.TokenIds;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code /v1/embeddings} and the method Embed, in OpenAI's shapes. */
class EmbeddingsApiTest {
    private static final String PATH = "/v1/embeddings";

    @RegisterExtension
    static final FakeService SERVICE = FakeService.saying("").with("troupe.routing.maxInputs = 40");

    @BeforeEach
    void script() {
        SERVICE.replica().script(EmbeddingsApiTest::embed);
    }

    /** The first token of the prompt says where the vector points. */
    private static void embed(GenerationRequest request, ActorRef<GenerationEvent> replyTo) {
        replyTo.tell(new GenerationEvent.Embedded(
                request.requestId(), vector(request.promptTokens().getFirst())));
        replyTo.tell(new GenerationEvent.Finished(
                request.requestId(), FinishReason.LENGTH, request.promptTokens().size(), 0));
    }

    private static List<Float> vector(int token) {
        double angle = token / 100.0;
        return List.of((float) (0.6 * Math.cos(angle)), (float) (0.6 * Math.sin(angle)), 0.8f);
    }

    @Test
    void embedsAText() throws Exception {
        var response =
                SERVICE.http().post(PATH, "{'model':'tiny','input':'hello','encoding_format':'float','user':'u'}");
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        var body = Http.tree(response);
        int[] tokens = SERVICE.node().tokenizer().encode("hello");
        assertThat(body.at("/object").asText()).isEqualTo("list");
        assertThat(body.at("/model").asText()).isEqualTo("tiny");
        assertThat(body.at("/data")).hasSize(1);
        assertThat(body.at("/data/0/object").asText()).isEqualTo("embedding");
        assertThat(body.at("/data/0/index").asInt()).isZero();
        assertThat(body.at("/usage/prompt_tokens").asInt()).isEqualTo(tokens.length);
        assertThat(body.at("/usage/total_tokens").asInt()).isEqualTo(tokens.length);
        for (int i = 0; i < 3; i++) {
            assertThat((float) body.at("/data/0/embedding/" + i).asDouble())
                    .isEqualTo(vector(tokens[0]).get(i));
        }
        var submitted = SERVICE.replica().submitted().remove();
        assertThat(submitted.promptOutput()).isEqualTo(PromptOutput.EMBEDDING);
        assertThat(submitted.maxTokens()).isZero();
    }

    /** More inputs than are in the router at once, answered in another order than asked, of all kinds. */
    @Test
    void manyInputsComeBackInOrder() throws Exception {
        List<Runnable> held = Collections.synchronizedList(new ArrayList<>());
        SERVICE.replica().script((request, replyTo) -> {
            held.add(0, () -> embed(request, replyTo));
            if (held.size() == 16) {
                List.copyOf(held).forEach(Runnable::run);
                held.clear();
            }
        });
        var inputs = new ArrayList<String>();
        for (int i = 0; i < 32; i++) {
            inputs.add(i % 2 == 0 ? "[" + (60 + i) + ",70]" : "'" + (char) (60 + i) + "!'");
        }
        var body = Http.tree(SERVICE.http().post(PATH, "{'model':'tiny','input':[" + String.join(",", inputs) + "]}"));
        assertThat(body.at("/data")).hasSize(32);
        for (int i = 0; i < 32; i++) {
            assertThat(body.at("/data/" + i + "/index").asInt()).isEqualTo(i);
            int first = i % 2 == 0 ? 60 + i : SERVICE.node().tokenizer().encode((char) (60 + i) + "!")[0];
            assertThat((float) body.at("/data/" + i + "/embedding/0").asDouble())
                    .isEqualTo(vector(first).getFirst());
        }
    }

    @Test
    void base64IsLittleEndianFloats() throws Exception {
        var body = Http.tree(SERVICE.http().post(PATH, "{'model':'tiny','input':[65,66],'encoding_format':'base64'}"));
        var bytes = ByteBuffer.wrap(
                        Base64.getDecoder().decode(body.at("/data/0/embedding").asText()))
                .order(ByteOrder.LITTLE_ENDIAN);
        for (float expected : vector(65)) {
            assertThat(bytes.getFloat()).isEqualTo(expected);
        }
        assertThat(bytes.hasRemaining()).isFalse();
        assertThat(body.at("/usage/prompt_tokens").asInt()).isEqualTo(2);
    }

    @Test
    void fewerDimensionsAreScaledToLengthOne() throws Exception {
        var body = Http.tree(SERVICE.http().post(PATH, "{'model':'tiny','input':[65],'dimensions':2}"));
        assertThat(body.at("/data/0/embedding")).hasSize(2);
        assertThat(body.at("/data/0/embedding/0").asDouble()).isCloseTo(Math.cos(0.65), within(1e-6));
        assertThat(body.at("/data/0/embedding/1").asDouble()).isCloseTo(Math.sin(0.65), within(1e-6));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'input':'x'}                                | model           | missing_required_parameter | model",
                "{'model':'tiny'}                             | input           | missing_required_parameter | input",
                "{'model':'tiny','input':''}                  | input           | invalid_value | Element 0",
                "{'model':'tiny','input':['a','']}            | input           | invalid_value | Element 1",
                "{'model':'tiny','input':[]}                  | input           | invalid_value | empty array",
                "{'model':'tiny','input':[[1],[]]}            | input           | invalid_value | Element 1",
                "{'model':'tiny','input':[9999]}              | input           | invalid_value | 9999",
                "{'model':'tiny','input':3}                   | input           | invalid_type  | a string",
                "{'model':'tiny','input':['a',3]}             | input[1]        | invalid_type  | a string",
                "{'model':'tiny','input':'x','dimensions':0}  | dimensions      | invalid_value | at least 1",
                "{'model':'tiny','input':'x','dimensions':4}  | dimensions      | invalid_value | have 3",
                "{'model':'tiny','input':'x','encoding_format':'hex'} | encoding_format | invalid_value | base64",
                "{'model':'tiny','input':'x','size':1}        | size            | unknown_parameter | Unrecognized",
            })
    void aBadRequestNamesTheField(String body, String param, String code, String message) throws Exception {
        var response = SERVICE.http().post(PATH, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        var error = Http.tree(response).get("error");
        assertThat(error.get("param").asText()).isEqualTo(param);
        assertThat(error.get("code").asText()).isEqualTo(code);
        assertThat(error.get("message").asText()).contains(message);
    }

    /** Many inputs go to replicas a few at a time; the time of a request is that of all of them. */
    @Test
    void allInputsHaveOneDeadline() throws Exception {
        try (var node = TestNode.start("troupe.routing.requestDeadline = 700 ms")) {
            var replica = node.replica();
            replica.script((request, replyTo) -> node.system()
                    .scheduler()
                    .scheduleOnce(
                            Duration.ofMillis(300),
                            () -> embed(request, replyTo),
                            node.system().executionContext()));
            var one = new Http(node).post("/v1/embeddings", "{'model':'tiny','input':'x'}");
            assertThat(one.statusCode()).as(one.body()).isEqualTo(200);
            var inputs = String.join(",", Collections.nCopies(80, "'x'")); // five times as many as go at once
            var all = new Http(node).post("/v1/embeddings", "{'model':'tiny','input':[" + inputs + "]}");
            assertThat(all.statusCode()).as(all.body()).isEqualTo(408);
        }
    }

    @Test
    void limitsHold() throws Exception {
        assertThat(SERVICE.http()
                        .post(PATH, "{'model':'tiny','input':[" + "'a',".repeat(40) + "'a']}")
                        .statusCode())
                .isEqualTo(400);
        var whole = "1,".repeat(TestNode.CONTEXT - 1) + "1";
        assertThat(SERVICE.http()
                        .post(PATH, "{'model':'tiny','input':[" + whole + "]}")
                        .statusCode())
                .isEqualTo(200);
        var tooLong = SERVICE.http().post(PATH, "{'model':'tiny','input':[" + whole + ",1]}");
        assertThat(tooLong.statusCode()).isEqualTo(400);
        assertThat(tooLong.body()).contains("context_length_exceeded").doesNotContain("answer");
        SERVICE.replica().rejects(RejectReason.QUEUE_FULL);
        assertThat(SERVICE.http().post(PATH, "{'model':'tiny','input':'x'}").statusCode())
                .isEqualTo(429);
    }

    @Test
    void theGrpcMethodGivesTheSame() throws Exception {
        var client = SERVICE.grpc();
        var reply = TestNode.get(client.embed(EmbedRequest.newBuilder()
                .addInputs(EmbedInput.newBuilder().setText("hello"))
                .addInputs(EmbedInput.newBuilder()
                        .setTokens(TokenIds.newBuilder().addIds(65).addIds(66)))
                .setRequestId("mine-2")
                .build()));
        int[] tokens = SERVICE.node().tokenizer().encode("hello");
        assertThat(reply.getRequestId()).isEqualTo("mine-2");
        assertThat(reply.getModelVersion()).isEqualTo(TestNode.VERSION);
        assertThat(reply.getEmbeddings(0).getValuesList()).isEqualTo(vector(tokens[0]));
        assertThat(reply.getEmbeddings(1).getValuesList()).isEqualTo(vector(65));
        assertThat(reply.getUsage().getPromptTokens()).isEqualTo(tokens.length + 2);
    }
}
