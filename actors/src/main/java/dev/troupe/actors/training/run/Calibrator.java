package dev.troupe.actors.training.run;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.troupe.actors.training.eval.Evaluator;
import dev.troupe.actors.training.exchange.TensorTicket;
import dev.troupe.actors.training.optim.OptimizerShard;
import dev.troupe.actors.training.step.StepRunner;
import dev.troupe.actors.wire.WireMessage;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * Measures how long a step and an evaluated window take, before the run: real steps with learning rate 0, which leave
 * the weights as they are, and moments are zeroed afterwards. So a run of a given number of steps is the same whether a
 * time budget or the user chose the number. Ends after its answer.
 */
public final class Calibrator {
    private static final int FEWEST_STEPS = 3;
    private static final int REHEARSED_WINDOWS = 16;

    /** What the calibrator is told by those whom it measures. */
    sealed interface Command extends WireMessage {}

    private record StepEnded(StepRunner.StepResult result) implements Command {}

    private record EvaluationAnswered(Evaluator.Answer answer) implements Command {}

    private record MomentsZeroed() implements Command {}

    /** The outcome. */
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    @JsonSubTypes({@JsonSubTypes.Type(Calibrated.class), @JsonSubTypes.Type(CalibrationDiverged.class)})
    public sealed interface Answer extends WireMessage {}

    /** Seconds of each, once everything is compiled. */
    public record Calibrated(double secondsPerStep, double secondsPerWindow) implements Answer {}

    /** A step of the fresh weights gave no number. */
    public record CalibrationDiverged(StepRunner.StepDiverged step) implements Answer {}

    /**
     * Whom to measure, for how long.
     *
     * @param seconds to spend on steps
     * @param windows of the final evaluation: no more are rehearsed
     */
    public record Settings(
            ActorRef<StepRunner.Command> runner,
            ActorRef<OptimizerShard.Command> optimizer,
            ActorRef<Evaluator.Command> evaluator,
            TensorTicket weights,
            double seconds,
            int windows) {}

    private final ActorContext<Command> context;
    private final Settings settings;
    private final LongSupplier nanoClock;
    private final ActorRef<Answer> replyTo;
    private final ActorRef<StepRunner.StepResult> stepAnswers;
    private final ActorRef<Evaluator.Answer> evaluationAnswers;
    private final List<Double> stepSeconds = new ArrayList<>();
    private final long startNanos;
    private long lastNanos;
    private double secondsPerWindow;
    private boolean warm;

    private Calibrator(
            ActorContext<Command> context, Settings settings, LongSupplier nanoClock, ActorRef<Answer> replyTo) {
        this.context = context;
        this.settings = settings;
        this.nanoClock = nanoClock;
        this.replyTo = replyTo;
        this.stepAnswers = context.messageAdapter(StepRunner.StepResult.class, StepEnded::new);
        this.evaluationAnswers = context.messageAdapter(Evaluator.Answer.class, EvaluationAnswered::new);
        this.startNanos = nanoClock.getAsLong();
        this.lastNanos = startNanos;
    }

    /** A calibrator that begins at once; its parent may stop it at any time. */
    public static Behavior<Void> create(Settings settings, LongSupplier nanoClock, ActorRef<Answer> replyTo) {
        return Behaviors.<Command>setup(context -> {
                    Calibrator calibrator = new Calibrator(context, settings, nanoClock, replyTo);
                    calibrator.nextStep();
                    return Behaviors.receiveMessage(calibrator::onCommand);
                })
                .unsafeCast();
    }

    private Behavior<Command> onCommand(Command command) {
        return switch (command) {
            case StepEnded(StepRunner.StepDone _) -> {
                onStep();
                yield Behaviors.same();
            }
            case StepEnded(StepRunner.StepDiverged step) -> {
                replyTo.tell(new CalibrationDiverged(step));
                yield Behaviors.stopped();
            }
            case EvaluationAnswered(Evaluator.Answer answer) -> {
                onEvaluation(answer);
                yield Behaviors.same();
            }
            case MomentsZeroed _ -> {
                replyTo.tell(new Calibrated(medianOfLastHalf(stepSeconds), secondsPerWindow));
                yield Behaviors.stopped();
            }
        };
    }

    private void nextStep() {
        settings.runner().tell(new StepRunner.RunStep(stepSeconds.size(), 0, stepAnswers));
    }

    private void onStep() {
        long now = nanoClock.getAsLong();
        stepSeconds.add((now - lastNanos) * 1e-9);
        lastNanos = now;
        if (stepSeconds.size() < FEWEST_STEPS || (now - startNanos) * 1e-9 < settings.seconds()) {
            nextStep();
        } else {
            rehearseEvaluation();
        }
    }

    private int rehearsedWindows() {
        return Math.min(REHEARSED_WINDOWS, settings.windows());
    }

    private void rehearseEvaluation() {
        settings.evaluator()
                .tell(new Evaluator.Evaluate(0, settings.weights(), rehearsedWindows(), true, evaluationAnswers));
    }

    private void onEvaluation(Evaluator.Answer answer) {
        switch (answer) {
            case Evaluator.WeightsCopied _ -> {}
            case Evaluator.Refused _ -> throw new IllegalStateException("the evaluator is busy before the first step");
            case Evaluator.Evaluated evaluated -> {
                if (warm) {
                    secondsPerWindow = evaluated.busySeconds() / rehearsedWindows();
                    settings.optimizer()
                            .tell(new OptimizerShard.Reset(
                                    context.messageAdapter(OptimizerShard.Updated.class, _ -> new MomentsZeroed())));
                } else {
                    warm = true;
                    rehearseEvaluation();
                }
            }
        }
    }

    static double medianOfLastHalf(List<Double> seconds) {
        List<Double> sorted = seconds.subList(seconds.size() / 2, seconds.size()).stream()
                .sorted()
                .toList();
        return sorted.get(sorted.size() / 2);
    }
}
