package dev.troupe.actors.training.mesh;

import java.util.Arrays;

/** The learning rates of steps that may have to be taken again. */
final class StepRates {
    private double[] rates = new double[64];
    private long first; // step of the first of them
    private int count;

    /** Keeps the rate of a step: of the one after the last, or of one that is there already. */
    void put(long step, double rate) {
        if (count == 0) {
            first = step;
        }
        long index = step - first;
        if (index < 0 || index > count) {
            throw new IllegalStateException(
                    "the rate of step " + step + " comes after those of [" + first + ", " + (first + count) + ")");
        }
        if (index == rates.length) {
            rates = Arrays.copyOf(rates, 2 * rates.length);
        }
        rates[(int) index] = rate;
        count = Math.max(count, (int) index + 1);
    }

    /** The rate of a step. */
    double at(long step) {
        if (step < first || step >= first + count) {
            throw new IllegalStateException("step " + step + " cannot be taken again: its rate is forgotten");
        }
        return rates[(int) (step - first)];
    }

    /** Steps before this one are not taken again. */
    void forgetBefore(long step) {
        int gone = Math.clamp(step - first, 0, count);
        System.arraycopy(rates, gone, rates, 0, count - gone);
        first += gone;
        count -= gone;
    }
}
