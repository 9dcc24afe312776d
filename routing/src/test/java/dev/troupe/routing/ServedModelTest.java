package dev.troupe.routing;

import static org.assertj.core.api.Assertions.assertThat;

import akka.stream.javadsl.Sink;
import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.transformer.StageRange;
import dev.troupe.model.transformer.TrainingStage;
import dev.troupe.routing.harness.Http;
import dev.troupe.routing.harness.RandomModel;
import dev.troupe.routing.harness.TestNode;
import dev.troupe.routing.proto.GenerateChunk;
import dev.troupe.routing.proto.GenerateRequest;
import dev.troupe.routing.proto.GenerationOptions;
import dev.troupe.routing.proto.TextPiece;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What clients are told of prompts, by a real replica of a model with random weights. */
class ServedModelTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    static Path dir;

    private static TestNode node;
    private static Http http;

    @BeforeAll
    static void start() throws Exception {
        node = TestNode.start(
                "troupe.serving { modelId = random, threads = 1, kvCache = 64 MiB, maxBatchTokens = 40 }");
        RandomModel.write(dir.resolve("model"), node.tokenizer());
        RandomModel.serve(node, dir.resolve("model"));
        http = new Http(node);
    }

    @AfterAll
    static void stop() {
        node.close();
    }

    private static String embedding(String input) throws Exception {
        var response =
                http.post("/v1/embeddings", "{'model':'random','input':" + input + ",'encoding_format':'base64'}");
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return Http.tree(response).at("/data/0/embedding").asText();
    }

    /** As a client sees them: numbers of JSON, which have every bit of a double. */
    @Test
    void logProbabilitiesOfAnEchoedPromptAreThoseOfTraining() throws Exception {
        var text = "the stage is set; é🎭 hello world";
        int[] tokens = node.tokenizer().encode(text);
        double[] trained = trainedLogProbs(tokens);
        for (var maxTokens : List.of("0", "3")) {
            var body = Http.tree(http.post(
                    "/v1/completions",
                    "{'model':'random','prompt':'" + text + "','echo':true,'logprobs':2,'max_tokens':" + maxTokens
                            + ",'temperature':0}"));
            var choice = body.at("/choices/0");
            assertThat(choice.get("text").asText()).startsWith(text);
            var logProbs = choice.at("/logprobs/token_logprobs");
            assertThat(logProbs).hasSize(tokens.length + Integer.parseInt(maxTokens));
            assertThat(logProbs.get(0).isNull()).isTrue();
            assertThat(choice.at("/logprobs/top_logprobs/0").isNull()).isTrue();
            for (int i = 1; i < tokens.length; i++) {
                assertThat(logProbs.get(i).doubleValue()).as("token %d", i).isEqualTo(trained[i - 1]);
                assertThat(choice.at("/logprobs/top_logprobs/" + i)).isNotEmpty();
            }
            assertThat(choice.at("/logprobs/text_offset/0").asInt()).isZero();
            int last = choice.at("/logprobs/text_offset/" + (tokens.length - 1)).asInt();
            assertThat(text.substring(last))
                    .isEqualTo(
                            choice.at("/logprobs/tokens/" + (tokens.length - 1)).asText());
            assertThat(body.at("/usage/completion_tokens").asText()).isEqualTo(maxTokens);
            assertThat(choice.get("finish_reason").asText()).isEqualTo("length");
        }
        assertThat(streamedEcho(text, 0)).isEqualTo(wholeEcho(text, 0));
        assertThat(streamedEcho(text, 3)).isEqualTo(wholeEcho(text, 3));
        var client = node.grpcClient();
        var reply = TestNode.get(client.generate(GenerateRequest.newBuilder()
                .setText(text)
                .setEcho(true)
                .setOptions(GenerationOptions.newBuilder().setMaxTokens(0).setLogProbs(0))
                .build()));
        var scored = reply.getChoices(0).getLogProbsList();
        assertThat(scored).hasSize(tokens.length);
        assertThat(scored.getFirst().hasLogProb()).isFalse();
        for (int i = 1; i < tokens.length; i++) {
            assertThat(scored.get(i).getLogProb()).isEqualTo(trained[i - 1]);
        }
        var streamed = TestNode.get(client.generateStream(GenerateRequest.newBuilder()
                        .setText(text)
                        .setEcho(true)
                        .setOptions(
                                GenerationOptions.newBuilder().setMaxTokens(0).setLogProbs(0))
                        .build())
                .runWith(Sink.seq(), node.system()));
        var pieces = streamed.stream()
                .filter(GenerateChunk::hasPiece)
                .map(GenerateChunk::getPiece)
                .toList();
        assertThat(pieces.stream().map(TextPiece::getText).collect(Collectors.joining()))
                .isEqualTo(text);
        assertThat(pieces.stream().flatMap(piece -> piece.getLogProbsList().stream()))
                .isEqualTo(scored);
    }

    private static HttpResponse<String> echo(String text, int maxTokens, String more) throws Exception {
        return http.post(
                "/v1/completions",
                "{'model':'random','prompt':'" + text + "','echo':true,'logprobs':2,'max_tokens':" + maxTokens
                        + ",'temperature':0" + more + "}");
    }

    /** Text and log-probabilities. */
    private static List<String> wholeEcho(String text, int maxTokens) throws Exception {
        var choice = Http.tree(echo(text, maxTokens, "")).at("/choices/0");
        return told(List.of(choice));
    }

    private static List<String> streamedEcho(String text, int maxTokens) throws Exception {
        var events = Http.events(echo(text, maxTokens, ",'stream':true"));
        assertThat(events.removeLast().asText()).isEqualTo("[DONE]");
        assertThat(events.getLast().at("/choices/0/finish_reason").asText()).isEqualTo("length");
        return told(events.stream().map(event -> event.at("/choices/0")).toList());
    }

    private static List<String> told(List<JsonNode> choices) {
        var told = new ArrayList<String>();
        told.add(choices.stream().map(choice -> choice.get("text").asText()).collect(Collectors.joining()));
        for (var list : List.of("tokens", "token_logprobs", "top_logprobs", "text_offset")) {
            choices.forEach(choice -> choice.at("/logprobs/" + list).forEach(entry -> told.add(entry.toString())));
        }
        return told;
    }

    private static double[] trainedLogProbs(int[] tokens) {
        var config = RandomModel.config(node.tokenizer());
        int[] targets = Arrays.copyOf(Arrays.copyOfRange(tokens, 1, tokens.length), tokens.length);
        try (var arena = TensorArena.open("test");
                var pool = FixedComputePool.create(1);
                var stage = new TrainingStage(
                        config,
                        StageRange.whole(config),
                        KernelProviders.select("auto", Precision.FP32).create(pool),
                        RandomModel.weights(node.tokenizer(), arena),
                        null,
                        1,
                        tokens.length)) {
            return stage.logProbs(tokens, tokens.length, targets);
        }
    }

    /** Whole blocks of sixteen tokens, and of the same prompt all but the last token, whose logits are needed. */
    @Test
    void usageTellsWhatTheCacheHeld() throws Exception {
        var prompt = "[" + "65,66,67,68,".repeat(12) + "69]"; // 49 tokens
        var request = "{'model':'random','prompt':" + prompt + ",'max_tokens':2%s}";
        var first = Http.tree(http.post("/v1/completions", request.formatted("")));
        assertThat(first.at("/usage/prompt_tokens").asInt()).isEqualTo(49);
        assertThat(first.at("/usage/prompt_tokens_details/cached_tokens").asInt(-1))
                .isZero();
        for (var more : List.of("", ",'n':2", ",'stream':true,'stream_options':{'include_usage':true}")) {
            var response = http.post("/v1/completions", request.formatted(more));
            var usage =
                    more.contains("stream") ? Http.events(response).reversed().get(1) : Http.tree(response);
            assertThat(usage.at("/usage/prompt_tokens").asInt()).isEqualTo(49);
            assertThat(usage.at("/usage/prompt_tokens_details/cached_tokens").asInt())
                    .as(more)
                    .isEqualTo(48);
        }
        var chat =
                "{'model':'random','max_tokens':2,'messages':[{'role':'user','content':'" + "zxzx".repeat(20) + "'}]}";
        http.post("/v1/chat/completions", chat);
        var usage = Http.tree(http.post("/v1/chat/completions", chat)).get("usage");
        assertThat(usage.at("/prompt_tokens_details/cached_tokens").asInt())
                .isEqualTo(usage.get("prompt_tokens").asInt() - 1)
                .isPositive();
        var longer = chat.replace("zxzx'", "zxzxzx'");
        usage = Http.tree(http.post("/v1/chat/completions", longer)).get("usage");
        int cached = usage.at("/prompt_tokens_details/cached_tokens").asInt();
        assertThat(cached).isPositive();
        assertThat(cached % 16).isZero();
    }

    /** The same bytes alone and with others under way, which are answers and vectors. */
    @Test
    void anEmbeddingIsTheSameInAnyBatch() throws Exception {
        var texts = new ArrayList<String>();
        for (int i = 0; i < 12; i++) {
            texts.add("'the word of the day " + "play hello ".repeat(i * 3) + i + "'");
        }
        var alone = new ArrayList<String>();
        for (var text : texts) {
            alone.add(embedding(text));
        }
        List<CompletableFuture<?>> busy = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            busy.add(http.client()
                    .sendAsync(
                            http.json(
                                            "/v1/completions",
                                            "{'model':'random','prompt':" + texts.get(i) + ",'max_tokens':60}")
                                    .build(),
                            HttpResponse.BodyHandlers.ofString()));
        }
        var together = Http.tree(http.post(
                "/v1/embeddings",
                "{'model':'random','encoding_format':'base64','input':[" + String.join(",", texts) + "]}"));
        for (int i = 0; i < texts.size(); i++) {
            assertThat(together.at("/data/" + i + "/embedding").asText()).isEqualTo(alone.get(i));
        }
        assertThat(alone).doesNotHaveDuplicates();
        for (var answer : busy) {
            answer.get(20, java.util.concurrent.TimeUnit.SECONDS);
        }
    }
}
