package dev.troupe.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.completions.CompletionCreateParams;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiEmbeddingModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import dev.langchain4j.model.output.FinishReason;
import dev.troupe.it.GoldenModels.Golden;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Published models, served by {@code up --model}, give the golden text to clients that others have written. */
class GoldenClientsIT {
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    @ParameterizedTest
    @MethodSource("dev.troupe.it.GoldenModels#files")
    void everyClientGetsTheGoldenText(String folder, String file) throws Exception {
        List<Golden> all = GoldenModels.of(folder);
        assertThat(all).hasSize(2);
        try (ServingNode node = ServingNode.start(dir, TroupeProcess.JAVA_OPTIONS, GoldenModels.find(file))) {
            String model = node.model();
            for (Golden golden : all) {
                openAiJava(node, model, golden);
                langChain4j(node, model, golden);
                upgrade(node, model, golden);
            }
            try (GrpcClient grpc = new GrpcClient(node)) {
                for (Golden golden : all) {
                    grpc.golden(model, golden);
                }
                grpc.deadline(node, model);
                grpc.cancellation(node, model);
            }
            node.awaitIdle();
            // Last, because it is skipped where there is no npm.
            npm(node, model, all.getLast());
        }
    }

    private static void openAiJava(ServingNode node, String model, Golden golden) {
        OpenAIClient client = OpenAIOkHttpClient.builder()
                .baseUrl(node.baseUrl())
                .apiKey("none")
                .maxRetries(0)
                .build();
        try {
            var completion = client.completions()
                    .create(CompletionCreateParams.builder()
                            .model(model)
                            .prompt(golden.prompt())
                            .maxTokens(maxTokens(golden))
                            .temperature(0)
                            .build());
            assertThat(completion.choices().getFirst().text().strip()).isEqualTo(golden.text());
            assertThat(completion.usage().orElseThrow().completionTokens()).isEqualTo(golden.numTokens());
            var chat = ChatCompletionCreateParams.builder()
                    .model(model)
                    .addUserMessage(golden.prompt())
                    .maxCompletionTokens(maxTokens(golden))
                    .temperature(0)
                    .build();
            var choice = client.chat().completions().create(chat).choices().getFirst();
            assertThat(choice.message().content().orElseThrow().strip()).isEqualTo(golden.text());
            assertThat(choice.finishReason().asString()).isEqualTo(golden.ended() ? "stop" : "length");
            var streamed = new StringBuilder();
            try (var stream = client.chat().completions().createStreaming(chat)) {
                stream.stream()
                        .flatMap(chunk -> chunk.choices().stream())
                        .forEach(part -> part.delta().content().ifPresent(streamed::append));
            }
            assertThat(streamed.toString().strip()).isEqualTo(golden.text());
        } finally {
            client.close();
        }
    }

    private static void langChain4j(ServingNode node, String model, Golden golden) throws Exception {
        // It takes no message without text, so the prompt that begins from nothing is not for it.
        if (golden.prompt().isBlank()) {
            return;
        }
        float[] vector = OpenAiEmbeddingModel.builder()
                .baseUrl(node.baseUrl())
                .apiKey("none")
                .modelName(model)
                .build()
                .embed(golden.prompt())
                .content()
                .vector();
        double squares = 0;
        for (float x : vector) {
            squares += (double) x * x;
        }
        assertThat(squares).isCloseTo(1, within(1e-5));
        var whole = OpenAiChatModel.builder()
                .baseUrl(node.baseUrl())
                .apiKey("none")
                .modelName(model)
                .temperature(0.0)
                .maxTokens(maxTokens(golden))
                .maxRetries(0)
                .timeout(TIMEOUT)
                .build();
        assertThat(whole.chat(golden.prompt()).strip()).isEqualTo(golden.text());
        var streaming = OpenAiStreamingChatModel.builder()
                .baseUrl(node.baseUrl())
                .apiKey("none")
                .modelName(model)
                .temperature(0.0)
                .maxCompletionTokens(maxTokens(golden))
                .timeout(TIMEOUT)
                .build();
        var pieces = new StringBuilder(); // complete once the future is
        var complete = new CompletableFuture<ChatResponse>();
        streaming.chat(golden.prompt(), new StreamingChatResponseHandler() {
            @Override
            public void onPartialResponse(String piece) {
                pieces.append(piece);
            }

            @Override
            public void onCompleteResponse(ChatResponse response) {
                complete.complete(response);
            }

            @Override
            public void onError(Throwable error) {
                complete.completeExceptionally(error);
            }
        });
        ChatResponse response = complete.get(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
        assertThat(pieces.toString().strip()).isEqualTo(golden.text());
        assertThat(response.aiMessage().text().strip()).isEqualTo(golden.text());
        assertThat(response.finishReason()).isEqualTo(golden.ended() ? FinishReason.STOP : FinishReason.LENGTH);
        assertThat(response.tokenUsage().outputTokenCount()).isEqualTo(golden.numTokens());
    }

    /** What the JDK's client sends with each first request, body included; an answer over HTTP/1.1 is allowed. */
    private static void upgrade(ServingNode node, String model, Golden golden) throws IOException {
        byte[] body = ServingNode.JSON.writeValueAsBytes(
                Map.of("model", model, "prompt", golden.prompt(), "max_tokens", maxTokens(golden), "temperature", 0));
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), node.httpPort())) {
            socket.setSoTimeout(30_000);
            String head = "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                    + "Upgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n"
                    + "Content-Type: application/json\r\nContent-Length: " + body.length + "\r\n\r\n";
            socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
            socket.getOutputStream().write(body);
            // A second request on the same connection asks for it to be closed, so that reading comes to an end.
            socket.getOutputStream()
                    .write("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                            .getBytes(StandardCharsets.US_ASCII));
            String answers = answers(socket.getInputStream());
            assertThat(answers).startsWith("HTTP/1.1 200 OK").contains("{\"status\":\"ok\"}");
            JsonNode answer = ServingNode.JSON.readTree(answers.substring(answers.indexOf("\r\n\r\n") + 4));
            assertThat(answer.at("/choices/0/text").asText().strip()).isEqualTo(golden.text());
        }
    }

    private static String answers(InputStream in) throws IOException {
        return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }

    private static void npm(ServingNode node, String model, Golden golden) throws IOException {
        JsonNode result = NpmOpenAi.run(
                "openai-golden.mjs", node.baseUrl(), model, golden.prompt(), Integer.toString(maxTokens(golden)));
        assertThat(result.path("texts"))
                .hasSize(4)
                .allSatisfy(text -> assertThat(text.asText().strip()).isEqualTo(golden.text()));
        assertThat(result.path("finish").asText()).isEqualTo(golden.ended() ? "stop" : "length");
        assertThat(result.at("/usage/completion_tokens").asInt()).isEqualTo(golden.numTokens());
        node.awaitIdle();
    }

    private static int maxTokens(Golden golden) {
        return golden.ended() ? golden.numTokens() + 20 : golden.numTokens();
    }
}
