package dev.troupe.model.kernel.check;

/**
 * An output in which a kernel differs from the reference by more than rounding explains.
 *
 * @param operation such as "gemm NT"
 * @param shape the sizes it was run with
 * @param output which of its results
 * @param error greatest absolute difference; NaN where one of the two is not a number
 * @param tolerance what was allowed
 */
public record KernelDifference(String operation, String shape, String output, double error, double tolerance) {}
