package dev.troupe.model.eval;

/**
 * A point of a loss curve.
 *
 * @param step the last step that went into it
 * @param tokens trained on until then
 * @param loss mean over {@code count} steps, nats per token
 * @param count steps that went into it
 */
public record LossSample(long step, long tokens, double loss, int count) {
    public LossSample {
        if (step < 0 || tokens < 0 || count < 1) {
            throw new IllegalArgumentException(
                    "not a sample: step " + step + ", tokens " + tokens + ", count " + count);
        }
    }
}
