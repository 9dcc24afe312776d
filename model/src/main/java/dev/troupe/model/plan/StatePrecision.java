package dev.troupe.model.plan;

/**
 * The bytes that a parameter takes, with Adam: weights, gradients, and what the optimizer keeps. arXiv:1910.02054,
 * section 3.1, has 2 + 2 + 12 for mixed precision.
 */
public enum StatePrecision {
    /** Everything in float32; Adam's two moments. */
    FP32(4, 4, 8, 4),
    /** bf16 weights and gradients; a float32 copy of the weights and two moments. */
    BF16(2, 2, 12, 2),
    /** The same with gradients summed in float32, as Megatron-LM does. */
    BF16_FP32_GRADIENTS(2, 4, 12, 2);

    private final int weightBytes;
    private final int gradientBytes;
    private final int optimizerBytes;
    private final int activationBytes;

    StatePrecision(int weightBytes, int gradientBytes, int optimizerBytes, int activationBytes) {
        this.weightBytes = weightBytes;
        this.gradientBytes = gradientBytes;
        this.optimizerBytes = optimizerBytes;
        this.activationBytes = activationBytes;
    }

    /** Bytes of a weight as forward and backward read it. */
    public int weightBytes() {
        return weightBytes;
    }

    /** Bytes of a gradient. */
    public int gradientBytes() {
        return gradientBytes;
    }

    /** Bytes that the optimizer keeps of a parameter. */
    public int optimizerBytes() {
        return optimizerBytes;
    }

    /** Bytes of an activation. */
    public int activationBytes() {
        return activationBytes;
    }

    /** Bytes of a parameter in a checkpoint: from what the optimizer keeps, the weights follow but in float32. */
    public int checkpointBytes() {
        return this == FP32 ? weightBytes + optimizerBytes : optimizerBytes;
    }
}
