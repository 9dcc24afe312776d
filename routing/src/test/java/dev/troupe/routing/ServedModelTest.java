package dev.troupe.routing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.routing.harness.Http;
import dev.troupe.routing.harness.RandomModel;
import dev.troupe.routing.harness.TestNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
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
                            java.net.http.HttpResponse.BodyHandlers.ofString()));
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
