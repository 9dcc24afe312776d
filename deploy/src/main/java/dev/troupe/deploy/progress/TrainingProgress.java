package dev.troupe.deploy.progress;

import java.util.Locale;
import java.util.OptionalDouble;

/**
 * One moment of a training run, as a person is shown it.
 *
 * @param step steps done
 * @param loss smoothed training loss in nats per token
 * @param validationLoss the latest, when one has been measured
 * @param shadowLoss of the model that the run is compared with, on the same text, when there is one
 */
public record TrainingProgress(
        long step,
        long totalSteps,
        double loss,
        OptionalDouble validationLoss,
        OptionalDouble shadowLoss,
        double tokensPerSecond,
        double etaSeconds) {

    /** Share of the steps that are done, 0 to 1. */
    double fraction() {
        return totalSteps <= 0 ? 0 : Math.min(1.0, (double) step / totalSteps);
    }

    /** "step 120/2000 loss 2.345 val 2.401 (shadow 2.510) 25.1k tokens/s eta 1m 12s". */
    String describe() {
        StringBuilder line = new StringBuilder();
        line.append(String.format(Locale.ROOT, "step %d/%d  loss %.3f", step, totalSteps, loss));
        validationLoss.ifPresent(value -> line.append(String.format(Locale.ROOT, "  val %.3f", value)));
        shadowLoss.ifPresent(value -> line.append(String.format(Locale.ROOT, " (shadow %.3f)", value)));
        line.append("  ").append(rate(tokensPerSecond)).append(" tokens/s");
        line.append("  eta ").append(duration(etaSeconds));
        return line.toString();
    }

    static String rate(double perSecond) {
        if (perSecond < 1_000) {
            return String.format(Locale.ROOT, "%.0f", perSecond);
        }
        return perSecond < 1_000_000
                ? String.format(Locale.ROOT, "%.1fk", perSecond / 1e3)
                : String.format(Locale.ROOT, "%.2fM", perSecond / 1e6);
    }

    static String duration(double seconds) {
        long whole = Math.max(0, Math.round(seconds));
        if (whole < 60) {
            return whole + "s";
        }
        return whole < 3_600
                ? String.format(Locale.ROOT, "%dm %02ds", whole / 60, whole % 60)
                : String.format(Locale.ROOT, "%dh %02dm", whole / 3_600, whole % 3_600 / 60);
    }
}
