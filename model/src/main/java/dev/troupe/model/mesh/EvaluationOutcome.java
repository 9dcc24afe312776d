package dev.troupe.model.mesh;

/**
 * What an evaluation came to; the same on every rank, seconds apart.
 *
 * @param loss mean over tokens that count, nats a token
 * @param tokens that count
 * @param seconds on this rank
 */
public record EvaluationOutcome(double loss, long tokens, double seconds) {
    private static final int VALUES = 2;

    /** Sums windows in their order: {@code sums} has the sum of losses and the number of tokens of each. */
    static EvaluationOutcome of(double[] sums, double seconds) {
        double loss = 0;
        double tokens = 0;
        for (int i = 0; i < sums.length; i += VALUES) {
            loss += sums[i];
            tokens += sums[i + 1];
        }
        return new EvaluationOutcome(loss / tokens, Math.round(tokens), seconds);
    }
}
