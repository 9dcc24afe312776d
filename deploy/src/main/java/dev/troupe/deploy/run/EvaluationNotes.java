package dev.troupe.deploy.run;

import dev.troupe.actors.training.TrainingEvent;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.TreeMap;

/** What evaluation nodes find out, in words. */
final class EvaluationNotes {
    private EvaluationNotes() {}

    /** @param shadow loss of the model that the run is compared with */
    static String evaluated(TrainingEvent.Evaluated evaluated, OptionalDouble shadow) {
        StringBuilder text = new StringBuilder(
                String.format(Locale.ROOT, "step %d: validation loss %.4f", evaluated.step(), evaluated.valLoss()));
        shadow.ifPresent(loss -> text.append(", ").append(gap(evaluated.valLoss(), loss)));
        new TreeMap<>(evaluated.scores())
                .forEach((task, score) -> text.append(String.format(Locale.ROOT, ", %s %.4f", task, score)));
        return text.append(String.format(Locale.ROOT, " (%s, %.1f s)", evaluated.node(), evaluated.seconds()))
                .toString();
    }

    /** How far a loss is from the shadow's. */
    static String gap(double loss, double shadow) {
        return String.format(
                Locale.ROOT, "%.4f %s the shadow", Math.abs(loss - shadow), loss <= shadow ? "below" : "above");
    }

    static String evaluators(List<String> nodes) {
        return nodes.isEmpty()
                ? "no evaluation node is left: the run evaluates itself"
                : "checkpoints are evaluated by " + String.join(", ", nodes);
    }

    static String shadow(TrainingEvent.ShadowEvaluated shadow) {
        return String.format(
                Locale.ROOT,
                "shadow %s (%,d parameters): loss %.4f on %,d windows",
                Path.of(shadow.model()).getFileName(),
                shadow.parameters(),
                shadow.valLoss(),
                shadow.windows());
    }
}
