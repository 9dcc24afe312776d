package dev.troupe.model.plan;

import dev.troupe.model.TroupeException;

/** What is split over the data-parallel devices instead of kept by each (ZeRO, arXiv:1910.02054). */
public enum ZeroStage {
    /** 0: nothing. */
    NONE(0),
    /** 1: what the optimizer keeps. */
    OPTIMIZER(1),
    /** 2: gradients too. */
    GRADIENTS(2),
    /** 3: weights too; each layer's are gathered when it is computed. */
    PARAMETERS(3);

    private final int number;

    ZeroStage(int number) {
        this.number = number;
    }

    /** The number of the stage, 0 to 3. */
    public int number() {
        return number;
    }

    /**
     * The stage of a number.
     *
     * @throws TroupeException when it is not 0 to 3
     */
    public static ZeroStage of(int number) {
        for (ZeroStage stage : values()) {
            if (stage.number == number) {
                return stage;
            }
        }
        throw new TroupeException("zero is " + number + ": it must be 0, 1, 2 or 3");
    }

    boolean splitsOptimizer() {
        return this != NONE;
    }

    boolean splitsGradients() {
        return this == GRADIENTS || this == PARAMETERS;
    }

    boolean splitsWeights() {
        return this == PARAMETERS;
    }
}
