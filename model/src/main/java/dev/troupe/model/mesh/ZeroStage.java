package dev.troupe.model.mesh;

import dev.troupe.model.TroupeException;

/** What is split over the ranks of the data axis (ZeRO, arXiv:1910.02054); everything else is on each of them. */
public enum ZeroStage {
    /** Nothing. */
    NONE(0),
    /** The optimizer's moments. */
    OPTIMIZER(1),
    /** Moments and gradients. */
    GRADIENTS(2),
    /** Moments, gradients and weights. */
    WEIGHTS(3);

    private final int number;

    ZeroStage(int number) {
        this.number = number;
    }

    /**
     * The stage of this number.
     *
     * @throws TroupeException when it is not 0 to 3
     */
    public static ZeroStage of(int number) {
        for (ZeroStage stage : values()) {
            if (stage.number == number) {
                return stage;
            }
        }
        throw new TroupeException("mesh.zero (" + number + ") must be 0, 1, 2 or 3");
    }

    public int number() {
        return number;
    }

    boolean splitsMoments() {
        return this != NONE;
    }

    boolean splitsGradients() {
        return this == GRADIENTS || this == WEIGHTS;
    }

    /** Whether a rank keeps its slice of the weights only. */
    public boolean splitsWeights() {
        return this == WEIGHTS;
    }
}
