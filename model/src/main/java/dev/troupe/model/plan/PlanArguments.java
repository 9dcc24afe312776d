package dev.troupe.model.plan;

import dev.troupe.model.TroupeException;

/** Numbers that a plan can be made of: a wrong one is named, with what it must be. */
public final class PlanArguments {
    private PlanArguments() {}

    /**
     * A finite number above zero.
     *
     * @throws TroupeException when it is not
     */
    public static double positive(String name, double value) {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw new TroupeException(name + " is " + value + ": it must be a number above 0");
        }
        return value;
    }

    /**
     * A whole number of at least 1.
     *
     * @throws TroupeException when it is not
     */
    public static int positive(String name, int value) {
        if (value < 1) {
            throw new TroupeException(name + " is " + value + ": it must be at least 1");
        }
        return value;
    }

    /**
     * A finite number of at least zero.
     *
     * @throws TroupeException when it is not
     */
    public static double notNegative(String name, double value) {
        if (!(value >= 0) || Double.isInfinite(value)) {
            throw new TroupeException(name + " is " + value + ": it must be a number of at least 0");
        }
        return value;
    }

    /**
     * A share: above 0, at most 1.
     *
     * @throws TroupeException when it is not
     */
    public static double share(String name, double value) {
        if (!(value > 0 && value <= 1)) {
            throw new TroupeException(name + " is " + value + ": it must be above 0 and at most 1");
        }
        return value;
    }
}
