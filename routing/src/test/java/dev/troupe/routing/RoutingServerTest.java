package dev.troupe.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.CoordinatedShutdown;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.serving.GenerationEvent;
import dev.troupe.actors.serving.GenerationEvent.FinishReason;
import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.actors.serving.ServedTokenizer;
import dev.troupe.model.TroupeException;
import dev.troupe.routing.harness.FakeReplica;
import dev.troupe.routing.harness.Http;
import dev.troupe.routing.harness.TestNode;
import java.net.ConnectException;
import java.net.http.HttpResponse;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class RoutingServerTest {
    private static final String STREAM =
            "{'model':'tiny','stream':true,'messages':[{'role':'user','content':'hello'}]}";

    @Test
    void aPortInUseIsNamedWithTheFlag() throws Exception {
        try (var node = TestNode.start("")) {
            assertTaken("http", node.bindings().httpPort());
            assertTaken("grpc", node.bindings().grpcPort());
        }
    }

    private static void assertTaken(String name, int port) {
        assertThatThrownBy(() -> TestNode.start("troupe.routing." + name + ".port = " + port))
                .cause()
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining(":" + port)
                .hasMessageContaining("--" + name + "-port");
    }

    @Test
    void anAnswerInFlightIsCompletedAtShutdown() throws Exception {
        try (var node = TestNode.start("")) {
            var replica = node.replica();
            var http = new Http(node);
            int[] tokens = node.tokenizer().encode("the world plays");
            var rest = new AtomicReference<Runnable>();
            replica.script((request, replyTo) -> {
                FakeReplica.say(request, replyTo, new int[] {tokens[0]}, false);
                rest.set(() -> {
                    for (int i = 1; i < tokens.length; i++) {
                        replyTo.tell(
                                new GenerationEvent.TokenGenerated(request.requestId(), i, tokens[i], 0, List.of()));
                    }
                    replyTo.tell(
                            new GenerationEvent.Finished(request.requestId(), FinishReason.STOP, 1, tokens.length));
                });
            });
            var answer = http.client()
                    .sendAsync(http.json("/v1/chat/completions", STREAM).build(), HttpResponse.BodyHandlers.ofString());
            TestNode.await("begun", () -> rest.get() != null);
            var shutdown = CoordinatedShutdown.get(node.system())
                    .runAll(CoordinatedShutdown.unknownReason())
                    .toCompletableFuture();
            Thread.sleep(500); // the drain has begun
            assertThat(shutdown).isNotDone();
            assertThatThrownBy(() -> new Http(node).get("/healthz")).isInstanceOf(ConnectException.class);
            rest.get().run();
            var response = answer.get(10, TimeUnit.SECONDS);
            assertThat(response.body()).endsWith("data: [DONE]\n\n");
            shutdown.get(20, TimeUnit.SECONDS);
        }
    }

    @Test
    void aClientThatReadsTooSlowlyIsCutOffAndNothingPilesUp() throws Exception {
        // Whoever tells tokens is not interrupted by whoever writes them.
        try (var node = TestNode.start("""
                troupe.routing.streamBuffer = 64
                troupe.dispatchers.answers { throughput = 1000, thread-pool-executor.core-pool-size-max = 1 }
                """)) {
            var replica = new FakeReplica(new ModelDescription(
                    TestNode.MODEL,
                    TestNode.VERSION,
                    2000,
                    node.tokenizer().vocabSize(),
                    ServedTokenizer.of(node.tokenizer()),
                    "plain",
                    1));
            node.add(replica);
            replica.script((request, replyTo) -> {
                int[] tokens = new int[500];
                Arrays.fill(tokens, 'a');
                FakeReplica.say(request, replyTo, tokens, false);
            });
            var response = new Http(node).post("/v1/chat/completions", STREAM);
            TestNode.await("cancelled", () -> !replica.cancelled().isEmpty());
            assertThat(response.body()).contains("slow_reader");
        }
    }

    @Test
    void wrongSettingsAreNamed() {
        for (var wrong : List.of(
                "http.port = 70000",
                "maxInFlight = 0",
                "requestDeadline = 0 s",
                "http.host = \"\"",
                "grpc.port = x",
                "streamBuffer = 63")) {
            var config = ConfigFactory.parseString("troupe.routing." + wrong).withFallback(ConfigFactory.load());
            assertThatThrownBy(() -> RoutingConfig.from(config))
                    .isInstanceOf(TroupeException.class)
                    .hasMessageContaining(wrong.substring(0, wrong.indexOf(' ')));
        }
    }
}
