package dev.troupe.model.mesh;

import dev.troupe.model.TroupeException;

/** What is split over the ranks of the data axis (ZeRO, arXiv:1910.02054); everything else is on each of them. */
public enum ZeroStage {
    /** Nothing. */
    NONE,
    /** The optimizer's moments. */
    OPTIMIZER,
    /** Moments and gradients. */
    GRADIENTS,
    /** Moments, gradients and weights. */
    WEIGHTS;

    /**
     * The stage of this number.
     *
     * @throws TroupeException when it is not 0 to 3
     */
    public static ZeroStage of(int number) {
        if (number < 0 || number >= values().length) {
            throw new TroupeException("mesh.zero (" + number + ") must be 0, 1, 2 or 3");
        }
        return values()[number];
    }

    public int number() {
        return ordinal();
    }

    boolean splitsMoments() {
        return this != NONE;
    }

    boolean splitsGradients() {
        return this == GRADIENTS || this == WEIGHTS;
    }

    boolean splitsWeights() {
        return this == WEIGHTS;
    }
}
