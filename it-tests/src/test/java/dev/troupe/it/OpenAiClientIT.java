package dev.troupe.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.Behaviors;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.completions.CompletionCreateParams;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.serving.replica.ModelReplica;
import dev.troupe.actors.serving.replica.ReplicaSettings;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.format.ModelDirectory;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tokenizer.BpeTrainer;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.Parameters;
import dev.troupe.routing.RoutingConfig;
import dev.troupe.routing.RoutingServer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** OpenAI's own Java client against the router and a real replica of a tiny model with random weights. */
class OpenAiClientIT {
    private static final String MODEL = "random";

    @TempDir
    @SuppressWarnings("NullAway.Init")
    static Path dir;

    @SuppressWarnings("NullAway.Init")
    private static ActorSystem<Void> system;

    @SuppressWarnings("NullAway.Init")
    private static OpenAIClient client;

    @BeforeAll
    static void start() throws Exception {
        writeModel();
        var config = ConfigFactory.parseString("""
                        akka { actor.provider = local, coordinated-shutdown.exit-jvm = off, loglevel = WARNING }
                        troupe.routing { http.port = 0, grpc.port = 0 }
                        troupe.serving { modelId = random, threads = 1, kvCache = 16 MiB }
                        """).withFallback(ConfigFactory.load());
        system = ActorSystem.create(
                Behaviors.setup(context -> {
                    context.spawn(ModelReplica.create(ReplicaSettings.from(config), dir.resolve("model")), "replica");
                    return Behaviors.empty();
                }),
                "openai",
                config);
        var bindings = RoutingServer.start(system, RoutingConfig.from(config))
                .toCompletableFuture()
                .get(20, TimeUnit.SECONDS);
        client = OpenAIOkHttpClient.builder()
                .apiKey("none")
                .baseUrl(bindings.httpUrl() + "/v1")
                .maxRetries(0)
                .build();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (client.models().list().data().isEmpty()) {
            assertThat(System.nanoTime()).as("the replica is ready").isLessThan(end);
            Thread.sleep(50);
        }
    }

    @AfterAll
    static void stop() throws Exception {
        client.close();
        system.terminate();
        system.getWhenTerminated().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    private static void writeModel() {
        var tokenizer = BpeTrainer.train(List.of("hello world"), 260, List.of(BpeTrainer.END_OF_TEXT), 1);
        var config = new ModelConfig(
                "llama",
                tokenizer.vocabSize(),
                32,
                2,
                2,
                1,
                16,
                64,
                64,
                NormKind.RMS,
                1e-5f,
                MlpKind.SWIGLU,
                PositionKind.ROTARY,
                10_000,
                true,
                false,
                0);
        try (var arena = TensorArena.open("openai-client")) {
            var weights = Parameters.allocate(ParameterLayout.of(config), arena);
            weights.initialize(1);
            ModelDirectory.write(dir.resolve("model"), config, weights, tokenizer);
        }
    }

    @SuppressWarnings("deprecation") // OpenAI's client marks seed so; the API has it and answers depend on it
    private static ChatCompletionCreateParams.Builder chat() {
        return ChatCompletionCreateParams.builder()
                .model(MODEL)
                .addUserMessage("hello")
                .seed(3)
                .maxCompletionTokens(20);
    }

    @Test
    void listsModels() {
        assertThat(client.models().list().data()).singleElement().satisfies(model -> {
            assertThat(model.id()).isEqualTo(MODEL);
            assertThat(model.ownedBy()).isEqualTo("troupe");
        });
        assertThat(client.models().retrieve(MODEL).id()).isEqualTo(MODEL);
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
                        .model(MODEL)
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
                .hasMessageContaining(MODEL);
        assertThatThrownBy(() -> client.chat()
                        .completions()
                        .create(chat().addUserMessage("long ".repeat(100)).build()))
                .isInstanceOfSatisfying(
                        BadRequestException.class, e -> assertThat(e.code()).contains("context_length_exceeded"));
    }
}
