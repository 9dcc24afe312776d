package dev.troupe.model.optim;

/**
 * The factor that keeps the gradients of a training in fp16 within that type's range (Micikevicius et al.,
 * arXiv:1710.03740, section 3.2): halved when a step's gradients overflow, and doubled after enough steps without. It
 * is a power of two, so that it costs no bits, and a function of the steps and overflows since the run began. Not
 * thread-safe.
 */
public final class LossScale {
    /**
     * How it changes.
     *
     * @param initial of the first step; a power of two from 1 to {@value #LARGEST}
     * @param growthSteps steps without an overflow after which it doubles
     */
    public record Options(double initial, int growthSteps) {
        /** The scale stays 1: for types that have the range of float32. */
        public static final Options NONE = new Options(1, 0);

        public Options {
            if (!isScale(initial)) {
                throw new IllegalArgumentException(
                        "a loss scale of " + initial + " is no power of two from 1 to " + LARGEST);
            }
            if (growthSteps < 0) {
                throw new IllegalArgumentException("growthSteps (" + growthSteps + ") must not be negative");
            }
        }
    }

    /** No scale is larger: gradients of that size in float32 still have room above them. */
    public static final double LARGEST = 0x1p24;

    private final Options options;
    private double value;
    private int goodSteps; // since it changed

    /** The scale of a run's first step; with {@code growthSteps} 0 it never grows. */
    public LossScale(Options options) {
        this.options = options;
        this.value = options.initial();
    }

    /** Whether this is a power of two from 1 to {@link #LARGEST}. */
    public static boolean isScale(double value) {
        return value >= 1 && value <= LARGEST && Math.scalb(1.0, Math.getExponent(value)) == value;
    }

    /** Of the next step. */
    public double value() {
        return value;
    }

    /** A step was taken. */
    public void stepped() {
        goodSteps++;
        if (goodSteps == options.growthSteps()) {
            value = Math.min(2 * value, LARGEST);
            goodSteps = 0;
        }
    }

    /** Whether a smaller one is left to be tried when a step's gradients overflow. */
    public boolean canShrink() {
        return value > 1;
    }

    /** The gradients of a step overflowed. */
    public void overflowed() {
        value = Math.max(1, value / 2);
        goodSteps = 0;
    }
}
