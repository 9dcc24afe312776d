package dev.troupe.model.transformer;

/** How a parameter starts. */
public sealed interface Init {
    /** Independent normal numbers with mean 0. */
    record Normal(double standardDeviation) implements Init {}

    /** Every element the same. */
    record Constant(float value) implements Init {}
}
