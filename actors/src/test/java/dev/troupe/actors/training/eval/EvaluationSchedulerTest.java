package dev.troupe.actors.training.eval;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import akka.actor.typed.receptionist.Receptionist;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.training.data.RunCorpus;
import dev.troupe.actors.training.eval.EvaluationOrder.Kind;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EvaluationSchedulerTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final int WINDOWS = 5;
    private static final int FINAL_WINDOWS = 8;

    private final ActorTestKit kit = ActorTestKit.create(
            "evaluation-scheduler-test",
            ConfigFactory.parseString("akka.actor.provider = local, akka.coordinated-shutdown.exit-jvm = off")
                    .withFallback(ConfigFactory.load()));
    private final TestProbe<Evaluator.Answer> news = kit.createTestProbe();
    private final TestProbe<Evaluator.Evaluate> own = kit.createTestProbe();

    @AfterEach
    void end() {
        kit.shutdownTestKit();
    }

    private TestProbe<EvaluationNode.Command> node() {
        TestProbe<EvaluationNode.Command> node = kit.createTestProbe();
        kit.system().receptionist().tell(Receptionist.register(EvaluationNode.KEY, node.getRef()));
        return node;
    }

    private ActorRef<EvaluationScheduler.Command> scheduler() {
        ActorRef<EvaluationScheduler.Command> scheduler =
                kit.spawn(EvaluationScheduler.create(new EvaluationScheduler.Settings(
                        new EvaluationJob("run", "/run", Map.of(), 16, new RunCorpus("/held-out", "2b")),
                        0,
                        WINDOWS,
                        3,
                        List.of(),
                        List.of(),
                        "/shadow",
                        null,
                        own.getRef())));
        scheduler.tell(new EvaluationScheduler.Begin(news.getRef()));
        return scheduler;
    }

    private static EvaluationNode.Evaluate order(TestProbe<EvaluationNode.Command> node, Kind kind) {
        EvaluationNode.Evaluate order;
        do { // orders are repeated until they are answered
            order = node.expectMessageClass(EvaluationNode.Evaluate.class, PATIENCE);
        } while (order.order().kind() != kind);
        return order;
    }

    private static void answer(TestProbe<EvaluationNode.Command> node, EvaluationNode.Evaluate request) {
        EvaluationOrder order = request.order();
        request.replyTo()
                .tell(new EvaluationNode.Evaluated(
                        node.getRef(),
                        order,
                        new MeasuredModel(order.path(), 9, -1, order.windows(), 2.5, 80, Map.of(), List.of(), 0.1)));
    }

    @Test
    void nothingOfAShadowIsToldAfterItsLastWord() {
        TestProbe<EvaluationNode.Command> slow = node();
        ActorRef<EvaluationScheduler.Command> scheduler = scheduler();
        EvaluationNode.Evaluate beside = order(slow, Kind.SHADOW);
        TestProbe<EvaluationNode.Command> quick = node();
        scheduler.tell(new EvaluationScheduler.EvaluateFinal(10, FINAL_WINDOWS));
        answer(quick, order(quick, Kind.FINAL_SHADOW));
        EvaluationScheduler.ShadowMeasured last = nextShadow();
        assertThat(last.isFinal()).isTrue();
        assertThat(last.model().windows()).isEqualTo(FINAL_WINDOWS);

        answer(slow, beside); // of fewer windows
        node();
        Evaluator.Answer answer;
        do { // a third node is heard of after that answer
            answer = news.receiveMessage(PATIENCE);
            assertThat(answer).isNotInstanceOf(EvaluationScheduler.ShadowMeasured.class);
        } while (!(answer instanceof EvaluationScheduler.NodesChanged changed
                && changed.nodes().size() == 3));
    }

    @Test
    void aCheckpointWrittenAfterTheLastStepAsksNoMoreOfTheShadow() {
        ActorRef<EvaluationScheduler.Command> scheduler = scheduler();
        scheduler.tell(new EvaluationScheduler.EvaluateFinal(10, FINAL_WINDOWS)); // nobody is there: it is done here
        assertThat(own.receiveMessage(PATIENCE).windows()).isEqualTo(FINAL_WINDOWS);
        scheduler.tell(new EvaluationScheduler.CheckpointWritten(10, "/run/step-10"));
        EvaluationScheduler.ShadowFailed failed =
                news.expectMessageClass(EvaluationScheduler.ShadowFailed.class, PATIENCE);
        assertThat(failed.isFinal()).isTrue();
        news.expectNoMessage(Duration.ofMillis(300));
    }

    private EvaluationScheduler.ShadowMeasured nextShadow() {
        Evaluator.Answer answer;
        do {
            answer = news.receiveMessage(PATIENCE);
        } while (!(answer instanceof EvaluationScheduler.ShadowMeasured));
        return (EvaluationScheduler.ShadowMeasured) answer;
    }
}
