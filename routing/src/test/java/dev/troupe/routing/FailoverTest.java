package dev.troupe.routing;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.LoggingTestKit;
import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.actors.serving.batch.ScheduledBatch;
import dev.troupe.actors.serving.engine.AnswerSampler;
import dev.troupe.actors.serving.engine.DirectoryLoader;
import dev.troupe.actors.serving.engine.Engine;
import dev.troupe.actors.serving.engine.PromptReader;
import dev.troupe.actors.serving.engine.SampledToken;
import dev.troupe.actors.serving.replica.ModelReplica;
import dev.troupe.actors.serving.replica.ReplicaSettings;
import dev.troupe.routing.harness.Http;
import dev.troupe.routing.harness.RandomModel;
import dev.troupe.routing.harness.TestNode;
import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With real replicas of a model with random weights: an answer whose replica dies equals the undisturbed one. */
class FailoverTest {
    private static final String REQUEST = "{'model':'random','prompt':'the stage is set','max_tokens':400,'seed':11,"
            + "'temperature':1.0,'top_p':0.9,'frequency_penalty':0.5,'presence_penalty':0.2,'logit_bias':{'#':-100},'stream':%s}";

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    @Test
    void anAnswerSurvivesTheDeathOfItsReplicaTokenByToken() throws Exception {
        try (var node = TestNode.start("troupe.serving { modelId = random, threads = 1, kvCache = 64 MiB }")) {
            RandomModel.write(dir.resolve("model"), node.tokenizer());
            RandomModel.serve(node, dir.resolve("model"));
            // The end of text is ruled out, so that the answer is long and surely not over when its replica dies.
            var request = REQUEST.replace("#", Integer.toString(node.tokenizer().endOfText()));
            var http = new Http(node);
            var undisturbed = Http.tree(http.post("/v1/completions", request.formatted("false")));
            assertThat(undisturbed.at("/usage/completion_tokens").asInt()).isEqualTo(400);

            var second = RandomModel.serve(node, dir.resolve("model"));
            // Equally loaded replicas take turns: the next answer is the second one's.
            var text = LoggingTestKit.warn("lost its replica")
                    .expect(
                            node.system(),
                            () -> streamedText(http, request, () -> node.kit().stop(second)));
            assertThat(text).isEqualTo(undisturbed.at("/choices/0/text").asText());
            assertThat(node.numReplicas()).isEqualTo(1);
        }
    }

    /** Computes as the model does, until it breaks for good. */
    private record Breaking(Engine model, AtomicInteger stepsLeft) implements Engine {
        @Override
        public ModelDescription description() {
            return model.description();
        }

        @Override
        public int numKvBlocks() {
            return model.numKvBlocks();
        }

        @Override
        public List<List<SampledToken>> execute(
                ScheduledBatch batch, List<AnswerSampler> samplers, List<PromptReader> readers) {
            if (stepsLeft.decrementAndGet() < 0) {
                throw new ArithmeticException("broken on purpose");
            }
            return model.execute(batch, samplers, readers);
        }

        @Override
        public void close() {
            model.close();
        }
    }

    @Test
    void clientsOfTheOnlyReplicaSeeAPauseWhileItThrowsAndIsRestarted() throws Exception {
        try (var node = TestNode.start("troupe.serving { modelId = random, threads = 1, kvCache = 64 MiB }")) {
            RandomModel.write(dir.resolve("model"), node.tokenizer());
            var settings = ReplicaSettings.from(node.system().settings().config());
            var loader = new DirectoryLoader(
                    settings.engine(), settings.modelId(), settings.chatTemplate(), dir.resolve("model"));
            var stepsLeft = new AtomicInteger(Integer.MAX_VALUE);
            var loaded = new AtomicInteger();
            node.kit().spawn(ModelReplica.create(settings, () -> {
                loaded.incrementAndGet();
                return loaded.get() == 1 ? new Breaking(loader.load(), stepsLeft) : loader.load();
            }));
            TestNode.await("the replica serves", () -> node.numReplicas() == 1);
            var request = REQUEST.replace("#", Integer.toString(node.tokenizer().endOfText()));
            var http = new Http(node);
            http.post("/v1/completions", request.formatted("false")); // the others find its prompt in the cache
            var undisturbed = Http.tree(http.post("/v1/completions", request.formatted("false")));

            var whole = http.client()
                    .sendAsync(
                            http.json("/v1/completions", request.formatted("false"))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString());
            var text = streamedText(http, request, () -> stepsLeft.set(0));
            assertThat(text).isEqualTo(undisturbed.at("/choices/0/text").asText());
            var answer = Http.tree(TestNode.get(whole));
            assertThat(answer.at("/choices")).isEqualTo(undisturbed.at("/choices"));
            assertThat(answer.at("/usage")).isEqualTo(undisturbed.at("/usage"));
            assertThat(loaded).hasValue(2);
        }
    }

    /** @param disturb is run after the third piece of text */
    private static String streamedText(Http http, String request, Runnable disturb) {
        var text = new StringBuilder();
        try {
            HttpResponse<InputStream> response = http.client()
                    .send(
                            http.json("/v1/completions", request.formatted("true"))
                                    .build(),
                            HttpResponse.BodyHandlers.ofInputStream());
            int numPieces = 0;
            try (var lines = new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
                for (var line = lines.readLine(); line != null; line = lines.readLine()) {
                    if (line.startsWith("data: {")) {
                        text.append(Http.tree(line.substring("data: ".length()))
                                .at("/choices/0/text")
                                .asText());
                        if (++numPieces == 3) {
                            disturb.run();
                        }
                    }
                }
            }
        } catch (Exception e) {
            throw new AssertionError(e);
        }
        return text.toString();
    }
}
