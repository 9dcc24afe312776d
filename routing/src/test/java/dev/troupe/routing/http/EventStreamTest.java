package dev.troupe.routing.http;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.http.javadsl.model.HttpRequest;
import akka.stream.Attributes;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.SinkQueueWithCancel;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.actors.serving.ServedTokenizer;
import dev.troupe.routing.access.Caller;
import dev.troupe.routing.generate.Generation;
import dev.troupe.routing.generate.OpenAnswers;
import dev.troupe.routing.generate.ToldAnswers;
import dev.troupe.routing.harness.TestNode;
import dev.troupe.routing.route.DispatchEvent;
import dev.troupe.routing.route.RequestFailure;
import dev.troupe.routing.route.RequestFailure.Kind;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class EventStreamTest {
    private static final ActorTestKit KIT = ActorTestKit.create(
            "events",
            ConfigFactory.parseString("akka.actor.provider = local\nakka.coordinated-shutdown.exit-jvm = off")
                    .withFallback(ConfigFactory.load()));
    private static final Duration LONG = Duration.ofMinutes(1);

    private final ToldAnswers told = new ToldAnswers(1, 10);
    private final OpenAnswers open = new OpenAnswers();

    @AfterAll
    static void stop() {
        KIT.shutdownTestKit();
    }

    private SinkQueueWithCancel<ByteString> run(Duration keepAlive) {
        var model = new ModelDescription("m", "v1", 100, 50, ServedTokenizer.parsed("{}"), "plain", 1);
        var generation = new Generation(model, ToldAnswers.LETTERS, 0, 1, 1, 5, told::running);
        var writer = new ChoicesWriter(
                new AnswerId("cmpl-1", 1, model),
                new CompletionShape(ToldAnswers.LETTERS, false),
                generation,
                true,
                false);
        var exchange = new Exchange(
                HttpRequest.create(),
                "/v1/completions",
                new Caller(Optional.empty(), "here"),
                "req",
                new ClientConnection(),
                System.nanoTime());
        var log = new AnswerLog("/v1/completions", exchange, "cmpl-1", model, 1, 5);
        return Source.fromGraph(new EventStream(told.running(), writer, log, keepAlive, open))
                .runWith(Sink.<ByteString>queue().withAttributes(Attributes.inputBuffer(1, 1)), KIT.system());
    }

    private static Optional<String> next(SinkQueueWithCancel<ByteString> frames) throws Exception {
        return TestNode.get(frames.pull()).map(ByteString::utf8String);
    }

    @Test
    void whatWaitsIsOneElementAndTheEndIsOneWithIt() throws Exception {
        told.tell(0, new DispatchEvent.Begun(0));
        told.say(0, "ab");
        var frames = run(LONG);
        assertThat(next(frames).orElseThrow().split("\n\n")).hasSize(2).allMatch(frame -> frame.startsWith("data: {"));
        assertThat(open.count()).isEqualTo(1);
        var last = frames.pull();
        told.tell(0, new DispatchEvent.Stopped());
        var end = TestNode.get(last).orElseThrow().utf8String().split("\n\n");
        assertThat(end).hasSize(3);
        assertThat(end[0]).contains("\"finish_reason\":\"stop\"");
        assertThat(end[1]).contains("\"completion_tokens\":2");
        assertThat(end[2]).isEqualTo("data: [DONE]");
        assertThat(next(frames)).isEmpty();
        TestNode.await("closed", () -> open.count() == 0);
        assertThat(told.running().over()).isCompleted();
    }

    @Test
    void aSilentStreamIsKeptAlive() throws Exception {
        var frames = run(Duration.ofMillis(50));
        assertThat(next(frames)).contains(": still working\n\n");
        told.say(0, "a");
        assertThat(next(frames).orElseThrow()).contains("\"text\":\"a\"");
        assertThat(next(frames)).contains(": still working\n\n");
    }

    @Test
    void aFailureIsTheLastEvent() throws Exception {
        told.say(0, "a");
        told.tell(0, new DispatchEvent.Failed(new RequestFailure(Kind.UNAVAILABLE, "it is gone")));
        var frames = run(LONG);
        assertThat(next(frames).orElseThrow()).contains("\"text\":\"a\"");
        assertThat(next(frames).orElseThrow()).startsWith("data: {\"error\"").contains("it is gone");
        assertThat(next(frames)).isEmpty();
        assertThat(told.running().over()).isCompletedExceptionally();
    }

    @Test
    void whoStopsReadingEndsTheWork() throws Exception {
        var frames = run(LONG);
        told.say(0, "a");
        next(frames);
        frames.cancel();
        TestNode.await("gone", () -> told.isGone(0) && open.count() == 0);
        assertThat(told.running().over()).isCompleted();
    }
}
