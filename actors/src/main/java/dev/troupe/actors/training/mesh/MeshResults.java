package dev.troupe.actors.training.mesh;

import dev.troupe.actors.training.eval.Evaluator;
import dev.troupe.actors.training.mesh.TrainerProtocol.Answer;
import dev.troupe.actors.training.mesh.TrainerProtocol.Built;
import dev.troupe.actors.training.mesh.TrainerProtocol.StepTaken;
import dev.troupe.actors.training.mesh.TrainerProtocol.WindowsEvaluated;
import dev.troupe.actors.training.step.StepRunner;
import dev.troupe.model.TroupeException;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/** Makes one result of what the nodes of a mesh answer. They must agree: ranks that do not are no mesh any more. */
final class MeshResults {
    private MeshResults() {}

    /** A step as each node has it. */
    static List<StepTaken> steps(Collection<Answer> answers) {
        List<StepTaken> taken = answers.stream()
                .filter(StepTaken.class::isInstance)
                .map(StepTaken.class::cast)
                .toList();
        StepTaken first = taken.getFirst();
        for (StepTaken other : taken) {
            requireSame("step " + first.step(), first, first.loss(), other, other.loss());
        }
        return taken;
    }

    /** What the nodes that have ranks say they have, by the first rank of each. */
    static List<NodeResources> resources(Collection<Answer> answers) {
        return answers.stream()
                .filter(Built.class::isInstance)
                .map(built -> ((Built) built).resources())
                .filter(node -> !node.ranks().isEmpty())
                .sorted(Comparator.comparing(node -> node.ranks().getFirst()))
                .toList();
    }

    /** The evaluation that all nodes have. */
    static WindowsEvaluated evaluation(Collection<Answer> answers) {
        List<WindowsEvaluated> evaluated = answers.stream()
                .filter(WindowsEvaluated.class::isInstance)
                .map(WindowsEvaluated.class::cast)
                .toList();
        WindowsEvaluated first = evaluated.getFirst();
        for (WindowsEvaluated other : evaluated) {
            requireSame("the evaluation at step " + first.step(), first, first.loss(), other, other.loss());
        }
        return first;
    }

    private static void requireSame(String what, Answer first, double loss, Answer other, double otherLoss) {
        if (Double.compare(loss, otherLoss) != 0) {
            throw new IllegalStateException("nodes disagree about " + what + ": " + first.nodeId() + " has loss " + loss
                    + ", " + other.nodeId() + " " + otherLoss);
        }
    }

    /** What whoever asked for the step is told. */
    static StepRunner.StepResult stepResult(long wanted, List<StepTaken> taken) {
        StepTaken first = taken.getFirst();
        if (!first.updated()) {
            return new StepRunner.StepDiverged(wanted, first.loss(), first.gradientNorm());
        }
        return new StepRunner.StepDone(wanted, first.loss(), first.gradientNorm(), times(taken));
    }

    /** The parts of a step, of the nodes that took it. */
    static StepRunner.StepTimes times(List<StepTaken> taken) {
        RankSeconds seconds =
                RankSeconds.mean(taken.stream().map(StepTaken::seconds).toList());
        return new StepRunner.StepTimes(
                0,
                seconds.step() - seconds.update(),
                0, // is in the update
                seconds.update(),
                seconds.waiting(),
                seconds.bubble(),
                seconds.copying());
    }

    /** Tells whoever asked for the evaluation; ranks may go on. */
    static void tell(Evaluator.Evaluate order, WindowsEvaluated evaluated) {
        order.replyTo().tell(new Evaluator.WeightsCopied(order.step()));
        order.replyTo()
                .tell(new Evaluator.Evaluated(
                        order.step(),
                        evaluated.loss(),
                        evaluated.tokens(),
                        evaluated.seconds(),
                        evaluated.seconds() / evaluated.windows()));
    }

    /** The part of a failure that is fit for a user. */
    static String message(@Nullable Throwable failure) {
        Throwable cause = failure;
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (cause instanceof TroupeException told) {
            return String.valueOf(told.getMessage());
        }
        return cause == null ? "unknown failure" : String.valueOf(cause);
    }
}
