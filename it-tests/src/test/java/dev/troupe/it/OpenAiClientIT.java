package dev.troupe.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.errors.RateLimitException;
import com.openai.errors.UnauthorizedException;
import com.openai.errors.UnexpectedStatusCodeException;
import com.openai.helpers.ResponseAccumulator;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.completions.CompletionCreateParams;
import com.openai.models.embeddings.EmbeddingCreateParams;
import com.openai.models.responses.Response;
import com.openai.models.responses.ResponseCreateParams;
import com.openai.models.responses.ResponseStreamEvent;
import dev.troupe.model.tokenizer.BpeTrainer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** OpenAI's own Java client against the router and a real replica of a tiny model with random weights. */
class OpenAiClientIT {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    static Path dir;

    @SuppressWarnings("NullAway.Init")
    private static RandomModelServer server;

    @SuppressWarnings("NullAway.Init")
    private static OpenAIClient client;

    @BeforeAll
    static void start() throws Exception {
        var tokenizer = BpeTrainer.train(List.of("hello world"), 260, List.of(BpeTrainer.END_OF_TEXT), 1);
        RandomModelServer.write(dir, tokenizer, 64);
        server = RandomModelServer.start(dir, "");
        client = OpenAIOkHttpClient.builder()
                .apiKey("none")
                .baseUrl(server.url() + "/v1")
                .maxRetries(0)
                .build();
    }

    @AfterAll
    static void stop() throws Exception {
        client.close();
        server.stop();
    }

    @SuppressWarnings("deprecation") // OpenAI's client marks seed so; the API has it and answers depend on it
    private static ChatCompletionCreateParams.Builder chat() {
        return ChatCompletionCreateParams.builder()
                .model(RandomModelServer.MODEL)
                .addUserMessage("hello")
                .seed(3)
                .maxCompletionTokens(20);
    }

    @Test
    void listsModels() {
        assertThat(client.models().list().data()).singleElement().satisfies(model -> {
            assertThat(model.id()).isEqualTo(RandomModelServer.MODEL);
            assertThat(model.ownedBy()).isEqualTo("troupe");
        });
        assertThat(client.models().retrieve(RandomModelServer.MODEL).id()).isEqualTo(RandomModelServer.MODEL);
    }

    @Test
    void aStreamSaysWhatTheWholeAnswerSays() {
        var whole = client.chat().completions().create(chat().build());
        var choice = whole.choices().getFirst();
        var chunks = new ArrayList<ChatCompletionChunk>();
        var streamed = chat().streamOptions(
                        ChatCompletionStreamOptions.builder().includeUsage(true).build())
                .build();
        try (StreamResponse<ChatCompletionChunk> stream =
                client.chat().completions().createStreaming(streamed)) {
            stream.stream().forEach(chunks::add);
        }
        var text = new StringBuilder();
        chunks.stream()
                .flatMap(chunk -> chunk.choices().stream())
                .forEach(c -> text.append(c.delta().content().orElse("")));
        assertThat(text.toString()).isEqualTo(choice.message().content().orElseThrow());
        assertThat(chunks.getLast().usage()).isEqualTo(whole.usage());
    }

    @Test
    void givesSeveralChoicesWithLogProbs() {
        var answer = client.chat()
                .completions()
                .create(chat().n(2).logprobs(true).topLogprobs(3).build());
        assertThat(answer.choices()).hasSize(2);
        var content =
                answer.choices().getFirst().logprobs().orElseThrow().content().orElseThrow();
        assertThat(content).isNotEmpty().allSatisfy(token -> {
            assertThat(token.logprob()).isNegative();
            assertThat(token.topLogprobs()).hasSize(3);
        });
    }

    @Test
    void aResponseSaysWhatAChatSays() {
        var asked = ResponseCreateParams.builder()
                .model(RandomModelServer.MODEL)
                .input("hello")
                .maxOutputTokens(20)
                .putAdditionalBodyProperty("seed", JsonValue.from(3))
                .build();
        var response = client.responses().create(asked);
        var text = text(response);
        var chat = client.chat().completions().create(chat().build());
        assertThat(text).isEqualTo(chat.choices().getFirst().message().content().orElseThrow());
        assertThat(response.usage().orElseThrow().outputTokens())
                .isEqualTo(chat.usage().orElseThrow().completionTokens());
        var accumulator = ResponseAccumulator.create();
        try (StreamResponse<ResponseStreamEvent> stream = client.responses().createStreaming(asked)) {
            stream.stream().forEach(accumulator::accumulate);
        }
        assertThat(text(accumulator.response())).isEqualTo(text);
    }

    private static String text(Response response) {
        return response.output().stream()
                .flatMap(item -> item.message().stream())
                .flatMap(message -> message.content().stream())
                .map(part -> part.asOutputText().text())
                .collect(Collectors.joining());
    }

    @Test
    void continuesAText() {
        var answer = client.completions()
                .create(CompletionCreateParams.builder()
                        .model(RandomModelServer.MODEL)
                        .prompt("hello")
                        .maxTokens(5)
                        .temperature(0.0)
                        .echo(true)
                        .build());
        assertThat(answer.choices().getFirst().text()).startsWith("hello");
        assertThat(answer.usage().orElseThrow().completionTokens()).isBetween(1L, 5L);
    }

    @Test
    void embedsTexts() {
        var params = EmbeddingCreateParams.builder()
                .model(RandomModelServer.MODEL)
                .inputOfArrayOfStrings(List.of("hello", "hello world"))
                .build();
        var answer = client.embeddings().create(params);
        assertThat(answer.data()).hasSize(2).allSatisfy(item -> {
            double squares = item.embedding().stream().mapToDouble(x -> x * x).sum();
            assertThat(squares).isCloseTo(1, within(1e-5));
            assertThat(item.embedding()).hasSize(32);
        });
        assertThat(answer.data().get(0).embedding())
                .isNotEqualTo(answer.data().get(1).embedding());
        assertThat(answer.usage().promptTokens()).isPositive();
        var base64 = client.embeddings()
                .create(params.toBuilder()
                        .encodingFormat(EmbeddingCreateParams.EncodingFormat.BASE64)
                        .build());
        assertThat(base64.data().get(1).embedding())
                .isEqualTo(answer.data().get(1).embedding());
        var shorter =
                client.embeddings().create(params.toBuilder().dimensions(8).build());
        assertThat(shorter.data().getFirst().embedding()).hasSize(8);
    }

    /** What a client meets in production: a key that is wrong, a server that is full, a body that is too large. */
    @Test
    void refusalsAreTheClientsExceptions() throws Exception {
        var guarded = RandomModelServer.start(
                dir,
                "troupe.routing { apiKeys = [right-key], maxInFlight = 1, retryAfter = 7 s, http.maxBody = 2 KiB }");
        var known = OpenAIOkHttpClient.builder()
                .apiKey("right-key")
                .baseUrl(guarded.url() + "/v1")
                .maxRetries(0)
                .build();
        var stranger = known.withOptions(options -> options.apiKey("wrong-key"));
        try {
            assertThatThrownBy(() -> stranger.models().list()).isInstanceOf(UnauthorizedException.class);
            assertThatThrownBy(
                            () -> known.chat().completions().create(chat().n(2).build()))
                    .isInstanceOfSatisfying(
                            RateLimitException.class,
                            e -> assertThat(e.headers().values("retry-after")).containsExactly("7"));
            assertThatThrownBy(() -> known.chat()
                            .completions()
                            .create(chat().addUserMessage("long ".repeat(1000)).build()))
                    .isInstanceOfSatisfying(
                            UnexpectedStatusCodeException.class,
                            e -> assertThat(e.statusCode()).isEqualTo(413));
            assertThat(known.chat().completions().create(chat().build()).choices())
                    .hasSize(1);
        } finally {
            stranger.close();
            known.close();
            guarded.stop();
        }
    }

    @Test
    void errorsAreTheClientsExceptions() {
        assertThatThrownBy(() ->
                        client.chat().completions().create(chat().model("none").build()))
                .isInstanceOf(NotFoundException.class)
                .hasMessageContaining(RandomModelServer.MODEL);
        assertThatThrownBy(() -> client.chat()
                        .completions()
                        .create(chat().addUserMessage("long ".repeat(100)).build()))
                .isInstanceOfSatisfying(
                        BadRequestException.class, e -> assertThat(e.code()).contains("context_length_exceeded"));
    }
}
