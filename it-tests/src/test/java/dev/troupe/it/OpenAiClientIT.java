package dev.troupe.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.completions.CompletionCreateParams;
import dev.troupe.model.tokenizer.BpeTrainer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
