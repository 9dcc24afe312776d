package dev.troupe.model.transformer;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.RopeScaling;

/** Rotary positions in float64, written from the papers' formulas and independent of layers. */
public final class ReferenceRotation {
    private ReferenceRotation() {}

    /** What pair {@code i} of a head is turned with at a position. */
    public static double cos(ModelConfig config, int position, int i) {
        return magnitude(config) * Math.cos(position * frequency(config, i));
    }

    /** The same, the other way. */
    public static double sin(ModelConfig config, int position, int i) {
        return magnitude(config) * Math.sin(position * frequency(config, i));
    }

    /** What YaRN calls the square root of 1/t: queries and keys are both multiplied by it. */
    private static double magnitude(ModelConfig config) {
        return config.ropeScaling() instanceof RopeScaling.Yarn yarn ? yarn.attentionFactor() : 1;
    }

    private static double frequency(ModelConfig config, int i) {
        double plain = Math.pow(config.ropeTheta(), -2.0 * i / config.headDim());
        double wave = 2 * Math.PI / plain; // its length, in positions
        return switch (config.ropeScaling()) {
            case null -> plain;
            case RopeScaling.Linear(double factor) -> plain / factor;
            case RopeScaling.Llama3 llama -> { // arXiv:2407.21783, as its code has it
                double shortest = llama.originalContext() / llama.highFrequencyFactor();
                double longest = llama.originalContext() / llama.lowFrequencyFactor();
                double smooth = (llama.originalContext() / wave - llama.lowFrequencyFactor())
                        / (llama.highFrequencyFactor() - llama.lowFrequencyFactor());
                yield wave < shortest
                        ? plain
                        : wave > longest
                                ? plain / llama.factor()
                                : (1 - smooth) * plain / llama.factor() + smooth * plain;
            }
            case RopeScaling.Yarn yarn -> { // arXiv:2309.00071, as its code has it: the ramp goes over pairs
                double first = Math.max(0, Math.floor(pairTurning(yarn.betaFast(), yarn, config)));
                double last = Math.min(config.headDim() - 1, Math.ceil(pairTurning(yarn.betaSlow(), yarn, config)));
                double stretched = i <= first ? 0 : i >= last ? 1 : (i - first) / (last - first);
                yield stretched * plain / yarn.factor() + (1 - stretched) * plain;
            }
            case RopeScaling.Divisors divisors -> plain / divisors.divisors().get(i);
        };
    }

    /** The pair whose wave fits so often into the original context; between two pairs, mostly. */
    private static double pairTurning(double turns, RopeScaling.Yarn yarn, ModelConfig config) {
        double wave = yarn.originalContext() / turns;
        return config.headDim() / 2.0 * Math.log(wave / (2 * Math.PI)) / Math.log(config.ropeTheta());
    }
}
