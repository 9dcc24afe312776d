package dev.troupe.model.config;

import java.util.List;

/** How rotary frequencies are changed so that a model reaches past the context it was first trained with. */
public sealed interface RopeScaling {
    /** Every position is divided by {@code factor} (arXiv:2306.15595). */
    record Linear(double factor) implements RopeScaling {
        public Linear {
            requireFactor(factor);
        }
    }

    /**
     * Llama 3.1: slow frequencies are divided by {@code factor}, fast ones stay, and those whose wave fits between
     * {@code lowFrequencyFactor} and {@code highFrequencyFactor} times into {@code originalContext} are blended.
     */
    record Llama3(double factor, double lowFrequencyFactor, double highFrequencyFactor, int originalContext)
            implements RopeScaling {
        public Llama3 {
            requireFactor(factor);
            requireContext(originalContext);
            if (!(lowFrequencyFactor > 0 && highFrequencyFactor > lowFrequencyFactor)) {
                throw new IllegalArgumentException("the frequency factors of rope scaling must be low < high, but are "
                        + lowFrequencyFactor + " and " + highFrequencyFactor);
            }
        }
    }

    /**
     * YaRN (arXiv:2309.00071): pairs that turn more than {@code betaFast} times in {@code originalContext} stay, those
     * that turn less than {@code betaSlow} times are divided by {@code factor}, with a ramp between.
     *
     * @param attentionFactor by which cosines and sines are multiplied
     */
    record Yarn(double factor, int originalContext, double betaFast, double betaSlow, double attentionFactor)
            implements RopeScaling {
        public Yarn {
            requireFactor(factor);
            requireContext(originalContext);
            if (!(betaSlow > 0 && betaFast > betaSlow && attentionFactor > 0)) {
                throw new IllegalArgumentException("YaRN needs 0 < beta_slow < beta_fast and a positive attention"
                        + " factor, but they are " + betaSlow + ", " + betaFast + " and " + attentionFactor);
            }
        }

        /** The paper's attention factor. */
        public static double defaultAttentionFactor(double factor) {
            return factor <= 1 ? 1 : 0.1 * StrictMath.log(factor) + 1;
        }
    }

    /** Each pair's frequency is divided by a number of its own (the tensor rope_freqs of a GGUF file). */
    record Divisors(List<Float> divisors) implements RopeScaling {
        public Divisors {
            divisors = List.copyOf(divisors);
            for (float divisor : divisors) {
                if (!(divisor > 0 && Float.isFinite(divisor))) {
                    throw new IllegalArgumentException("a divisor of rotary frequencies is " + divisor);
                }
            }
        }
    }

    private static void requireFactor(double factor) {
        if (!(factor > 0 && Double.isFinite(factor))) {
            throw new IllegalArgumentException("the factor of rope scaling (" + factor + ") must be positive");
        }
    }

    private static void requireContext(int originalContext) {
        if (originalContext <= 0) {
            throw new IllegalArgumentException(
                    "the original context of rope scaling (" + originalContext + ") must be positive");
        }
    }
}
