package dev.troupe.routing.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.routing.harness.Http;
import dev.troupe.routing.harness.TestNode;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One thread for sockets and answers, as small machines have it, or several beside one for sockets. */
class AnswerThreadsTest {
    private static final String TEXT = "hello the stage is set";
    private static final int CLIENTS = 24;
    private static final int ROUNDS = 4;

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5})
    void manyStreamsAtOnce(int numThreads) throws Exception {
        try (var node = TestNode.start("troupe.dispatchers.answers.thread-pool-executor { core-pool-size-min = "
                + numThreads + ", core-pool-size-max = " + numThreads + " }")) {
            node.replica().says(node.tokenizer(), TEXT);
            var http = new Http(node);
            for (int round = 0; round < ROUNDS; round++) {
                var answers = new ArrayList<CompletableFuture<HttpResponse<String>>>();
                for (int i = 0; i < CLIENTS; i++) {
                    var request = http.json("/v1/completions", "{'model':'tiny','prompt':'x','stream':true}");
                    answers.add(http.client().sendAsync(request.build(), HttpResponse.BodyHandlers.ofString()));
                }
                for (var answer : answers) {
                    assertThat(text(Http.events(TestNode.get(answer)))).isEqualTo(TEXT);
                }
            }
        }
    }

    private static String text(List<JsonNode> events) {
        var text = new StringBuilder();
        events.forEach(event -> text.append(event.at("/choices/0/text").asText()));
        return text.toString();
    }
}
