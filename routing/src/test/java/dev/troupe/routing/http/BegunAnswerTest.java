package dev.troupe.routing.http;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.typed.ActorRef;
import dev.troupe.actors.serving.GenerationEvent;
import dev.troupe.actors.serving.GenerationEvent.RejectReason;
import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.routing.harness.FakeReplica;
import dev.troupe.routing.harness.FakeService;
import dev.troupe.routing.harness.Http;
import dev.troupe.routing.harness.TestNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A stream's response is there once a replica reads the prompt, before the first token. */
class BegunAnswerTest {
    private static final String CHAT = "/v1/chat/completions";
    private static final String COMPLETION = "/v1/completions";
    private static final String ASK_CHAT = "{'model':'tiny','stream':true,'messages':[{'role':'user','content':'hi'}]";
    private static final String ASK_COMPLETION = "{'model':'tiny','stream':true,'prompt':'hi'";

    @RegisterExtension
    static final FakeService SERVICE = FakeService.saying("the world");

    /** Who waits for the answer, once it is asked for. */
    private record Asked(GenerationRequest request, ActorRef<GenerationEvent> replyTo) {
        void begin() {
            replyTo.tell(new GenerationEvent.Begun(request.requestId(), 0));
        }

        void say(String text) {
            FakeReplica.say(request, replyTo, SERVICE.node().tokenizer().encode(text), true);
        }
    }

    private static CompletableFuture<Asked> asked() {
        var asked = new CompletableFuture<Asked>();
        SERVICE.replica().script((request, replyTo) -> asked.complete(new Asked(request, replyTo)));
        return asked;
    }

    private static HttpResponse<BufferedReader> begin(String path, String body, CompletableFuture<Asked> asked)
            throws Exception {
        var response = SERVICE.http()
                .client()
                .sendAsync(
                        SERVICE.http().json(path, body + "}").build(),
                        info -> HttpResponse.BodySubscribers.mapping(
                                HttpResponse.BodySubscribers.ofInputStream(),
                                in -> new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))));
        asked.get(10, TimeUnit.SECONDS).begin();
        return response.get(10, TimeUnit.SECONDS);
    }

    @Test
    void aChatOpensBeforeItsFirstToken() throws Exception {
        var asked = asked();
        try (var body = begin(CHAT, ASK_CHAT, asked).body()) {
            assertThat(body.readLine()).contains("\"role\":\"assistant\"").contains("\"content\":\"\"");
            asked.join().say("the world");
            assertThat(body.lines().toList()).endsWith("data: [DONE]", "").noneMatch(line -> line.contains("role"));
        }
    }

    /** It has no opening: nothing is in its body until there is text. */
    @Test
    void aCompletionHasItsStatusBeforeItsFirstToken() throws Exception {
        var asked = asked();
        var response = begin(COMPLETION, ASK_COMPLETION, asked);
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("content-type")).contains("text/event-stream");
        try (var body = response.body()) {
            asked.join().say("the world");
            assertThat(body.readLine()).startsWith("data: {").contains("\"text\":\"the");
        }
    }

    @Test
    void whatFailsAfterTheBeginningIsAnEvent() throws Exception {
        var asked = asked();
        var response = begin(COMPLETION, ASK_COMPLETION, asked);
        assertThat(response.statusCode()).isEqualTo(200);
        var failed = asked.join();
        failed.replyTo().tell(new GenerationEvent.Failed(failed.request().requestId(), "it broke"));
        try (var body = response.body()) {
            assertThat(body.readLine()).startsWith("data: {\"error\"").contains("internal_error", "it broke");
        }
    }

    /** What a client is told of one answer's beginning must not hide that another is turned away. */
    @Test
    void ofSeveralAnswersNoneBeginsTheResponseBeforeItsText() throws Exception {
        SERVICE.replica().script((request, replyTo) -> {
            if (request.requestId().endsWith("-0")) {
                new Asked(request, replyTo).begin();
            } else {
                var full = new GenerationEvent.Rejected(request.requestId(), RejectReason.QUEUE_FULL, "full");
                SERVICE.node()
                        .system()
                        .scheduler()
                        .scheduleOnce(
                                Duration.ofMillis(100),
                                () -> replyTo.tell(full),
                                SERVICE.node().system().executionContext());
            }
        });
        assertThat(SERVICE.http().post(CHAT, ASK_CHAT + ",'n':2}").statusCode()).isEqualTo(429);
        TestNode.await("cancelled", () -> SERVICE.replica().cancelled().size() == 1);
    }

    /** The beginning of an answer that another replica takes over is told once. */
    @Test
    void anAnswerBeginsOnceWhoeverGivesIt() throws Exception {
        SERVICE.replica().script((request, replyTo) -> {
            new Asked(request, replyTo).begin();
            if (request.requestId().contains("~")) {
                new Asked(request, replyTo).say("the world");
            } else {
                replyTo.tell(new GenerationEvent.Rejected(request.requestId(), RejectReason.STEP_FAILED, "again"));
            }
        });
        var events = Http.events(SERVICE.http().post(CHAT, ASK_CHAT + "}"));
        assertThat(events.stream().filter(event -> event.at("/choices/0/delta").has("role")))
                .hasSize(1);
        assertThat(events.getLast().asText()).isEqualTo("[DONE]");
        assertThat(List.copyOf(SERVICE.replica().submitted())).hasSizeGreaterThan(1);
    }
}
