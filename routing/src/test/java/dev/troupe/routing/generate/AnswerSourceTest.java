package dev.troupe.routing.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import com.typesafe.config.ConfigFactory;
import dev.troupe.routing.harness.TestNode;
import dev.troupe.routing.route.DispatchEvent;
import dev.troupe.routing.route.RequestFailure;
import dev.troupe.routing.route.RequestFailure.Kind;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class AnswerSourceTest {
    private static final ActorTestKit KIT = ActorTestKit.create(
            "answers",
            ConfigFactory.parseString("akka.actor.provider = local\nakka.coordinated-shutdown.exit-jvm = off")
                    .withFallback(ConfigFactory.load()));

    @AfterAll
    static void stop() {
        KIT.shutdownTestKit();
    }

    @Test
    void eachEventIsOneElement() throws Exception {
        var told = new ToldAnswers(1, 10);
        told.say(0, "ab");
        var events = told.running().events().runWith(Sink.seq(), KIT.system());
        told.say(0, "c");
        told.tell(0, new DispatchEvent.Stopped());
        assertThat(TestNode.get(events))
                .hasSize(4)
                .allSatisfy(event -> assertThat(event.choice()).isZero());
        assertThat(told.running().over().toCompletableFuture().get(5, TimeUnit.SECONDS))
                .isNotNull();
        assertThat(told.isGone(0)).isFalse();
    }

    @Test
    void theWorkBeginsWhenTheStreamIsRun() throws Exception {
        var told = new ToldAnswers(1, 10);
        var source = Source.fromGraph(new AnswerSource(() -> {
            told.say(0, "a");
            told.tell(0, new DispatchEvent.Stopped());
            return told.running();
        }));
        assertThat(told.running().begun()).isNotDone();
        assertThat(TestNode.get(source.runWith(Sink.seq(), KIT.system()))).hasSize(2);
    }

    @Test
    void whoCancelsTheStreamEndsTheWork() throws Exception {
        var told = new ToldAnswers(1, 10);
        var first = told.running().events().runWith(Sink.head(), KIT.system());
        told.say(0, "a");
        TestNode.get(first);
        TestNode.await("gone", () -> told.isGone(0));
        assertThat(told.running().over()).succeedsWithin(5, TimeUnit.SECONDS);
    }

    /** A reader that is stuck is not asked whether it wants to know. */
    @Test
    void aFailureDoesNotWaitForDemand() {
        var told = new ToldAnswers(1, 10);
        var ended = told.running()
                .events()
                .watchTermination(Keep.right())
                .toMat(Sink.queue(1), Keep.left())
                .run(KIT.system());
        told.say(0, "a".repeat(50));
        assertThatThrownBy(() -> TestNode.get(ended))
                .hasCauseInstanceOf(RequestFailure.class)
                .cause()
                .extracting(failure -> ((RequestFailure) failure).kind())
                .isEqualTo(Kind.SLOW_READER);
        assertThat(told.isGone(0)).isTrue();
    }
}
