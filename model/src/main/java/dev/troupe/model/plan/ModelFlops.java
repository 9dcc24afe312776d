package dev.troupe.model.plan;

/**
 * Floating-point operations of training, a multiply-add as two. Matrix products only; attention over the whole square
 * of positions, as the papers count it, although half of it is masked. Backward is twice forward.
 *
 * <p>Sources: arXiv:2104.04473, equation 3; arXiv:2205.05198, section 5.1; C = 6 N D is arXiv:2001.08361, section 2.1.
 */
public final class ModelFlops {
    private ModelFlops() {}

    /** A token through a layer, forward. GPT: 24 h² + 4 s h. */
    public static double layerForward(ModelShape shape) {
        return 2 * shape.layerMatrixParameters() + attentionForward(shape);
    }

    /** A token's scores and their product with the values, forward: 4 s h. */
    public static double attentionForward(ModelShape shape) {
        return 4.0 * shape.sequence() * shape.hidden();
    }

    /** A token's logits, forward: 2 h V. */
    public static double logitsForward(ModelShape shape) {
        return 2.0 * shape.hidden() * shape.vocab();
    }

    /** What the model needs of a token, forward and backward. GPT: 72 L h² (1 + s/(6 h) + V/(12 h L)). */
    public static double perToken(ModelShape shape) {
        return 3 * (shape.layers() * layerForward(shape) + logitsForward(shape));
    }

    /**
     * What devices compute for a token, with what is computed again in backward. Full recomputation of GPT: 96 L h² (1
     * + s/(6 h) + V/(16 h L)), equation 3 of arXiv:2104.04473. Selective recomputation adds the attention of one
     * forward pass, 4 s h a layer.
     */
    public static double hardwarePerToken(ModelShape shape, Recompute recompute) {
        return perToken(shape) + shape.layers() * recomputedPerLayer(shape, recompute);
    }

    /** What is computed again of a token in a layer. */
    static double recomputedPerLayer(ModelShape shape, Recompute recompute) {
        return switch (recompute) {
            case NONE -> 0;
            case SELECTIVE -> attentionForward(shape);
            case FULL -> layerForward(shape);
        };
    }

    /** What backward computes of a token in a layer again when attention is fused: the scores, 2 s h. */
    static double recomputedByFusedAttention(TrainingJob job) {
        return job.fusedAttention() ? attentionForward(job.shape()) / 2 : 0;
    }

    /**
     * Days that devices need for tokens at a rate. With {@code flopsPerToken} = 8 P it is equation 4 of
     * arXiv:2104.04473.
     *
     * @param achieved operations a second of one device
     */
    public static double days(double tokens, double flopsPerToken, int devices, double achieved) {
        return tokens * flopsPerToken / (devices * achieved) / Units.SECONDS_PER_DAY;
    }
}
