package dev.troupe.model.plan.schedule;

/** What the passes of one micro-batch through one piece of the model take, in seconds. */
public record PassSeconds(double forward, double backward) {
    /** Both. */
    public double both() {
        return forward + backward;
    }
}
