package dev.troupe.model.layer;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.RopeScaling;
import java.util.Arrays;

/** Radians a position by which each pair of a head turns, and what its cosines and sines are multiplied by. */
public final class RotaryFrequencies {
    private static final double TURN = 2 * StrictMath.PI;
    private static final double NARROWEST_RAMP = 0.001;

    private final double[] perPosition; // [D/2]
    private final double magnitude;

    private RotaryFrequencies(double[] perPosition, double magnitude) {
        this.perPosition = perPosition;
        this.magnitude = magnitude;
    }

    /** Radians a position of pair {@code i}. */
    public double ofPair(int i) {
        return perPosition[i];
    }

    /** Of cosines and sines; 1 but for YaRN. */
    public double magnitude() {
        return magnitude;
    }

    /**
     * Those of a model, as transformers and llama.cpp compute them.
     *
     * @throws IllegalArgumentException when there is not one divisor for each pair
     */
    public static RotaryFrequencies of(ModelConfig config) {
        int headDim = config.headDim();
        double theta = config.ropeTheta();
        double[] plain = new double[headDim / 2];
        Arrays.setAll(plain, i -> frequency(theta, i, headDim));
        return switch (config.ropeScaling()) {
            case null -> new RotaryFrequencies(plain, 1);
            case RopeScaling.Linear(double factor) -> {
                Arrays.setAll(plain, i -> plain[i] / factor);
                yield new RotaryFrequencies(plain, 1);
            }
            case RopeScaling.Llama3 llama -> {
                Arrays.setAll(plain, i -> plain[i] / divisor(llama, plain[i]));
                yield new RotaryFrequencies(plain, 1);
            }
            case RopeScaling.Yarn yarn -> yarn(yarn, plain, theta, headDim);
            case RopeScaling.Divisors given -> {
                if (given.divisors().size() != plain.length) {
                    throw new IllegalArgumentException(
                            "there are " + given.divisors().size() + " divisors of rotary frequencies for "
                                    + plain.length + " pairs");
                }
                Arrays.setAll(plain, i -> plain[i] / given.divisors().get(i));
                yield new RotaryFrequencies(plain, 1);
            }
        };
    }

    /** Radians a position by which pair {@code i} of a head turns. */
    static double frequency(double theta, int i, int headDim) {
        return StrictMath.pow(theta, -2.0 * i / headDim);
    }

    /** By what Llama 3.1 divides the frequency of a pair. */
    public static double divisor(RopeScaling.Llama3 scaling, double frequency) {
        double waves = scaling.originalContext() * frequency / TURN; // in the original context
        if (waves < scaling.lowFrequencyFactor()) {
            return scaling.factor();
        }
        if (waves > scaling.highFrequencyFactor()) {
            return 1;
        }
        double kept =
                (waves - scaling.lowFrequencyFactor()) / (scaling.highFrequencyFactor() - scaling.lowFrequencyFactor());
        return 1 / ((1 - kept) / scaling.factor() + kept);
    }

    private static RotaryFrequencies yarn(RopeScaling.Yarn yarn, double[] plain, double theta, int headDim) {
        double low = Math.max(0, Math.floor(pairTurning(yarn.betaFast(), yarn.originalContext(), theta, headDim)));
        double high =
                Math.min(headDim - 1, Math.ceil(pairTurning(yarn.betaSlow(), yarn.originalContext(), theta, headDim)));
        double width = Math.max(NARROWEST_RAMP, high - low);
        double[] scaled = new double[plain.length];
        for (int i = 0; i < plain.length; i++) {
            double kept = 1 - Math.clamp((i - low) / width, 0, 1);
            scaled[i] = plain[i] / yarn.factor() * (1 - kept) + plain[i] * kept;
        }
        return new RotaryFrequencies(scaled, yarn.attentionFactor());
    }

    /** The (fractional) pair that turns {@code turns} times in {@code context} positions. */
    private static double pairTurning(double turns, int context, double theta, int headDim) {
        return headDim * StrictMath.log(context / (turns * TURN)) / (2 * StrictMath.log(theta));
    }
}
