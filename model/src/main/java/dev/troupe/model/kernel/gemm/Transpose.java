package dev.troupe.model.kernel.gemm;

/** Whether a matrix enters a product as it is stored or transposed. */
public enum Transpose {
    NO,
    YES
}
