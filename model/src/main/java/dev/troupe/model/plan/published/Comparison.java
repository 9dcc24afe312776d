package dev.troupe.model.plan.published;

/**
 * A published number beside ours.
 *
 * @param source where it was published
 * @param basis what ours comes from
 * @param tolerance share of the published number that ours may differ by
 */
public record Comparison(
        String run,
        String source,
        String quantity,
        String unit,
        double published,
        double ours,
        Basis basis,
        double tolerance) {
    /** How a number of ours is made. */
    public enum Basis {
        /** Counted: it follows from the shape alone. Differences are rounding and what a paper leaves out. */
        COUNTED,
        /** Fitted: the model of time, on the rows that its efficiency was fitted to. */
        FITTED,
        /** Predicted: the model of time, on other runs. */
        PREDICTED
    }

    /** Ours over the published number, less one. */
    public double difference() {
        return ours / published - 1;
    }

    /** Whether it differs by no more than it may. */
    public boolean holds() {
        return Math.abs(difference()) <= tolerance;
    }
}
