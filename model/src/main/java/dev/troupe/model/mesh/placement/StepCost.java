package dev.troupe.model.mesh.placement;

/**
 * What a step takes with ranks in some seats.
 *
 * @param computeSeconds of the machine with the most ranks for its processors
 * @param linkSeconds that the busiest links of each axis take, one axis after the other
 * @param allLinkSeconds of all links together: tells placements apart whose busiest links are equal
 */
record StepCost(double computeSeconds, double linkSeconds, double allLinkSeconds) {
    /** Differences below this share are those of rounding. */
    private static final double EQUAL = 1e-9;

    double seconds() {
        return computeSeconds + linkSeconds;
    }

    /** Whether this is less. */
    boolean isBelow(StepCost other) {
        return isBelow(seconds(), other.seconds())
                || (!isBelow(other.seconds(), seconds()) && isBelow(allLinkSeconds, other.allLinkSeconds));
    }

    private static boolean isBelow(double one, double other) {
        return one < other * (1 - EQUAL);
    }
}
