package dev.troupe.model.plan;

/**
 * The activations that a device keeps for backward, after arXiv:2205.05198: of a GPT layer in 16 bits s b h (34 + 5 a
 * s/h) bytes, which tensor parallelism divides but for 10 of the 34, and sequence parallelism divides all. Masks of
 * dropout take a byte; scores are kept three times over (softmax, its dropout, the mask).
 *
 * <p>A layer of LLAMA is counted in the same way: no dropout; queries, keys and values of their own widths; the gate,
 * the other branch and their product instead of the input and the output of GELU.
 */
public final class ActivationModel {
    private final ModelShape shape;
    private final int elementBytes;
    private final boolean fusedAttention;

    /** @param fusedAttention whether scores are never kept */
    public ActivationModel(ModelShape shape, StatePrecision precision, boolean fusedAttention) {
        this.shape = shape;
        this.fusedAttention = fusedAttention;
        this.elementBytes = precision.activationBytes();
    }

    /** What a device keeps of one token in one layer, in bytes. */
    public double layerBytesPerToken(int tensor, boolean sequenceParallel, Recompute recompute) {
        double h = shape.hidden();
        if (recompute == Recompute.FULL) {
            return elementBytes * h / (sequenceParallel ? tensor : 1);
        }
        double scores = recompute == Recompute.SELECTIVE ? 0 : scoreBytesPerToken();
        return replicatedBytes() / (sequenceParallel ? tensor : 1) + (dividedBytes() + scores) / tensor;
    }

    /** What attention's scores take of one token in one layer over all devices: 5 a s in 16 bits, 0 when fused. */
    double scoreBytesPerToken() {
        if (fusedAttention) {
            return 0;
        }
        double scores = (double) shape.heads() * shape.sequence();
        return shape.family().hasDropout() ? scores * (2 * elementBytes + 1) : scores * elementBytes;
    }

    /** Inputs of norms, of attention and of the MLP, and masks: each tensor-parallel device has all of them. */
    private double replicatedBytes() {
        double masks = shape.family().hasDropout() ? 2 : 0;
        return (4.0 * elementBytes + masks) * shape.hidden();
    }

    /** Queries, keys, values, attention's output, and the inside of the MLP. */
    private double dividedBytes() {
        double h = shape.hidden();
        double attention = 2 * h + 2 * h * shape.kvHeads() / shape.heads();
        double mlp = (double) shape.family().mlpMatrices() * shape.ffn();
        return elementBytes * (attention + mlp);
    }

    /**
     * Micro-batches whose activations the first stage keeps at once, in units of a whole stage: p under 1F1B, and p +
     * (p - 1)/v under the interleaved schedule; fewer when the step has fewer.
     */
    public static double inFlight(int pipeline, int chunks, int microBatches) {
        double most = pipeline + (chunks > 1 ? (pipeline - 1.0) / chunks : 0);
        return Math.min(microBatches, most);
    }

    /**
     * Beside the layers: the embedding's dropout mask of every micro-batch in flight, and, where the first stage is the
     * last too, the last norm, the output product and its logits in float32 (section 4.3 there).
     */
    double otherBytes(Layout layout, int microBatches) {
        Mesh mesh = layout.mesh();
        double tokens = (double) layout.microBatch() * shape.sequence();
        int splitAlongSequence = layout.sequenceParallel() ? mesh.tensor() : 1;
        double other = 0;
        if (shape.family().hasDropout()) {
            other += tokens * shape.hidden() * Math.min(microBatches, mesh.pipeline()) / splitAlongSequence;
        }
        if (mesh.pipeline() == 1) {
            other += tokens * 2 * elementBytes * shape.hidden() / splitAlongSequence;
            other += tokens * 4 * shape.vocab() / mesh.tensor();
        }
        return other;
    }

    /** What the first stage, which keeps most, keeps at once. */
    public double bytes(Layout layout, int microBatches) {
        Mesh mesh = layout.mesh();
        double tokens = (double) layout.microBatch() * shape.sequence();
        double layer = tokens * layerBytesPerToken(mesh.tensor(), layout.sequenceParallel(), layout.recompute());
        double layers = (double) shape.layers() / mesh.pipeline();
        return layers * layer * inFlight(mesh.pipeline(), layout.chunks(), microBatches)
                + otherBytes(layout, microBatches);
    }

    /** What one layer needs while it is computed again: everything under FULL, the scores under SELECTIVE. */
    double recomputedBytes(Layout layout) {
        double tokens = (double) layout.microBatch() * shape.sequence();
        int tensor = layout.mesh().tensor();
        return switch (layout.recompute()) {
            case NONE -> 0;
            case SELECTIVE -> tokens * scoreBytesPerToken() / tensor;
            case FULL -> tokens * layerBytesPerToken(tensor, layout.sequenceParallel(), Recompute.NONE);
        };
    }
}
