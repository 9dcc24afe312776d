package dev.troupe.routing.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.routing.harness.FakeService;
import dev.troupe.routing.harness.Http;
import dev.troupe.routing.harness.TestNode;
import dev.troupe.routing.proto.ChatMessage;
import dev.troupe.routing.proto.DetokenizeRequest;
import dev.troupe.routing.proto.TokenizeRequest;
import java.net.http.HttpRequest;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Texts as tokens and back, over HTTP and gRPC. */
class TokenApiTest {
    private static final String TOKENIZE = "/v1/tokenize";
    private static final String DETOKENIZE = "/v1/detokenize";
    private static final String TEXT = "hello world é🎭";

    @RegisterExtension
    static final FakeService SERVICE = FakeService.saying("");

    private static int[] ids(JsonNode tokens) {
        int[] ids = new int[tokens.size()];
        Arrays.setAll(ids, i -> tokens.get(i).asInt());
        return ids;
    }

    private static String json(int... ids) {
        return Arrays.stream(ids).mapToObj(Integer::toString).collect(Collectors.joining(",", "[", "]"));
    }

    @Test
    void aTextBecomesTokensAndComesBack() throws Exception {
        var response = SERVICE.http().post(TOKENIZE, "{'model':'tiny','prompt':'" + TEXT + "','return_pieces':true}");
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        var body = Http.tree(response);
        int[] expected = SERVICE.node().tokenizer().encode(TEXT);
        assertThat(ids(body.get("tokens"))).isEqualTo(expected);
        assertThat(body.get("count").asInt()).isEqualTo(expected.length);
        assertThat(body.get("context_length").asInt()).isEqualTo(TestNode.CONTEXT);
        assertThat(body.get("pieces")).hasSize(expected.length);
        int at = 0;
        byte[] bytes = SERVICE.node().tokenizer().decodeBytes(expected);
        for (var piece : body.get("pieces")) {
            for (var value : piece.get("bytes")) {
                assertThat(value.asInt()).isEqualTo(bytes[at++] & 0xFF);
            }
        }
        assertThat(at).isEqualTo(bytes.length);
        var back = Http.tree(SERVICE.http().post(DETOKENIZE, "{'model':'tiny','tokens':" + json(expected) + "}"));
        assertThat(back.get("text").asText()).isEqualTo(TEXT);
        assertThat(SERVICE.replica().submitted()).isEmpty();
    }

    /** Longer than the context, or nothing at all: only a request to generate is refused for that. */
    @Test
    void lengthsDoNotMatter() throws Exception {
        var body = Http.tree(SERVICE.http().post(TOKENIZE, "{'model':'tiny','prompt':'" + "z".repeat(300) + "'}"));
        assertThat(body.get("count").asInt()).isGreaterThan(TestNode.CONTEXT);
        assertThat(body.has("pieces")).isFalse();
        var bare = Http.tree(SERVICE.http().post(TOKENIZE, "{'model':'tiny','prompt':'','add_special_tokens':false}"));
        assertThat(bare.get("count").asInt()).isZero();
        var none = Http.tree(SERVICE.http().post(DETOKENIZE, "{'model':'tiny','tokens':[]}"));
        assertThat(none.get("text").asText("?")).isEmpty();
    }

    @Test
    void aConversationBecomesThePromptOfItsAnswer() throws Exception {
        var messages = "'messages':[{'role':'system','content':'be brief'},{'role':'user','content':'hello'}]";
        SERVICE.replica().says(SERVICE.node().tokenizer(), "the world");
        var answer = Http.tree(SERVICE.http().post("/v1/chat/completions", "{'model':'tiny'," + messages + "}"));
        var body = Http.tree(SERVICE.http().post(TOKENIZE, "{'model':'tiny'," + messages + "}"));
        assertThat(body.get("count")).isEqualTo(answer.at("/usage/prompt_tokens"));
        assertThat(ids(body.get("tokens")))
                .containsExactly(SERVICE.replica().submitted().remove().promptTokens().stream()
                        .mapToInt(Integer::intValue)
                        .toArray());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "tokenize   | {'model':'tiny'}                     | prompt    | invalid_value | one of",
                "tokenize   | {'model':'tiny','prompt':'a','messages':[{'role':'user','content':'b'}]}"
                        + " | prompt | invalid_value | one of",
                "tokenize   | {'model':'tiny','prompt':3}          | prompt    | invalid_type  | a string",
                "tokenize   | {'model':'tiny','messages':[]}       | messages  | invalid_value | at least one",
                "tokenize   | {'model':'tiny','prompt':'a\\ud800b'} | prompt | invalid_value | half of a surrogate pair",
                "tokenize   | {'model':'tiny','prompt':'a','x':1}  | x         | unknown_parameter | Unrecognized",
                "detokenize | {'model':'tiny'}                     | tokens    | missing_required_parameter | tokens",
                "detokenize | {'model':'tiny','tokens':'a'}        | tokens    | invalid_type  | an array",
                "detokenize | {'model':'tiny','tokens':[1,'a']}    | tokens[1] | invalid_type  | an integer",
                "detokenize | {'model':'tiny','tokens':[1,2,-1]}   | tokens[2] | invalid_value | vocabulary",
                "detokenize | {'model':'tiny','tokens':[1,9999]}   | tokens[1] | invalid_value | 9999",
            })
    void aBadRequestNamesTheField(String path, String body, String param, String code, String message)
            throws Exception {
        var response = SERVICE.http().post("/v1/" + path, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        var error = Http.tree(response).get("error");
        assertThat(error.get("param").asText()).isEqualTo(param);
        assertThat(error.get("code").asText()).isEqualTo(code);
        assertThat(error.get("message").asText()).contains(message);
    }

    @Test
    void anUnknownModelIsStatus404() throws Exception {
        assertThat(SERVICE.http().post(TOKENIZE, "{'model':'x','prompt':'a'}").statusCode())
                .isEqualTo(404);
        assertThat(SERVICE.http().post(DETOKENIZE, "{'model':'x','tokens':[1]}").statusCode())
                .isEqualTo(404);
    }

    /** The four bytes of a mask, the last one missing, in the middle of a text. */
    @Test
    void tokensThatCutACharacterAreRefusedByName() throws Exception {
        int[] mask = SERVICE.node().tokenizer().encode("🎭");
        assertThat(mask).hasSize(4);
        int letter = SERVICE.node().tokenizer().encode("z")[0];
        var response = SERVICE.http()
                .post(DETOKENIZE, "{'model':'tiny','tokens':" + json(letter, mask[0], mask[1], mask[2], letter) + "}");
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        var error = Http.tree(response).get("error");
        assertThat(error.get("param").asText()).isEqualTo("tokens[1]");
        assertThat(error.get("message").asText()).contains("UTF-8").contains("byte 1");
        var atTheEnd =
                SERVICE.http().post(DETOKENIZE, "{'model':'tiny','tokens':" + json(letter, letter, mask[0]) + "}");
        assertThat(Http.tree(atTheEnd).at("/error/param").asText()).isEqualTo("tokens[2]");
    }

    @Test
    void bytesThatAreNoUtf8AreRefused() throws Exception {
        byte[] body = "{\"model\":\"tiny\",\"prompt\":\"a?b\"}".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        for (int i = 0; i < body.length; i++) {
            if (body[i] == '?') {
                body[i] = (byte) 0xF0;
            }
        }
        var response = SERVICE.http()
                .send(SERVICE.http()
                        .request(TOKENIZE)
                        .header("content-type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofByteArray(body)));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        assertThat(response.body()).contains("invalid_json").contains("UTF-8");
    }

    @Test
    void theGrpcMethodsGiveTheSame() throws Exception {
        var tokenized = TestNode.get(SERVICE.grpc()
                .tokenize(TokenizeRequest.newBuilder()
                        .setText(TEXT)
                        .setPieces(true)
                        .build()));
        int[] expected = SERVICE.node().tokenizer().encode(TEXT);
        assertThat(tokenized.getTokensList().stream()
                        .mapToInt(Integer::intValue)
                        .toArray())
                .isEqualTo(expected);
        var raw = tokenized.getPiecesList().stream()
                .map(piece -> piece.getRaw())
                .reduce(com.google.protobuf.ByteString.EMPTY, (a, b) -> a.concat(b));
        assertThat(raw.toStringUtf8()).isEqualTo(TEXT);
        var chat = TestNode.get(SERVICE.grpc()
                .tokenize(TokenizeRequest.newBuilder()
                        .addMessages(ChatMessage.newBuilder().setRole("user").setContent("hello"))
                        .build()));
        assertThat(chat.getTokensCount()).isEqualTo(SERVICE.node().tokenizer().encode("hello").length);
        var back = TestNode.get(SERVICE.grpc()
                .detokenize(DetokenizeRequest.newBuilder()
                        .addAllTokens(tokenized.getTokensList())
                        .build()));
        assertThat(back.getText()).isEqualTo(TEXT);
        assertThatThrownBy(() -> TestNode.get(SERVICE.grpc()
                        .detokenize(
                                DetokenizeRequest.newBuilder().addTokens(9999).build())))
                .hasMessageContaining("INVALID_ARGUMENT")
                .hasMessageContaining("tokens[0]");
        assertThatThrownBy(() -> TestNode.get(SERVICE.grpc().tokenize(TokenizeRequest.getDefaultInstance())))
                .hasMessageContaining("INVALID_ARGUMENT")
                .hasMessageContaining("messages");
    }
}
