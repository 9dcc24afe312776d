package dev.troupe.model.plan;

/**
 * How many parameters and tokens a number of operations is best spent on, after Hoffmann et al. (arXiv:2203.15556),
 * with C = 6 N D (arXiv:2001.08361).
 *
 * @param parameters N
 * @param tokens D
 */
public record ComputeOptimal(double parameters, double tokens) {
    /** Tokens of a parameter: what approaches 1 and 2 come to, and what Chinchilla had (70e9, 1.4e12). */
    public static final double TOKENS_PER_PARAMETER = 20;

    // Approach 3: L(N, D) = E + A/N^alpha + B/D^beta, section 3.3.
    private static final double E = 1.69;
    private static final double A = 406.4;
    private static final double B = 410.7;
    private static final double ALPHA = 0.34;
    private static final double BETA = 0.28;

    /** For a number of operations, by 20 tokens a parameter: N = sqrt(C/120). */
    public static ComputeOptimal ofFlops(double flops) {
        PlanArguments.positive("flops", flops);
        double parameters = Math.sqrt(flops / (6 * TOKENS_PER_PARAMETER));
        return new ComputeOptimal(parameters, TOKENS_PER_PARAMETER * parameters);
    }

    /** The tokens of a model. */
    public static ComputeOptimal ofParameters(double parameters) {
        PlanArguments.positive("params", parameters);
        return new ComputeOptimal(parameters, TOKENS_PER_PARAMETER * parameters);
    }

    /**
     * The least of the fitted loss for a number of operations (approach 3): N = G (C/6)^(beta/(alpha+beta)), G = (alpha
     * A/(beta B))^(1/(alpha+beta)). It asks for smaller models and more tokens than the other two do.
     */
    public static ComputeOptimal ofFittedLoss(double flops) {
        PlanArguments.positive("flops", flops);
        double g = Math.pow(ALPHA * A / (BETA * B), 1 / (ALPHA + BETA));
        double parameters = g * Math.pow(flops / 6, BETA / (ALPHA + BETA));
        return new ComputeOptimal(parameters, flops / 6 / parameters);
    }

    /** The fitted loss, in nats a token of the paper's own text and tokenizer: to compare, not to predict. */
    public static double fittedLoss(double parameters, double tokens) {
        return E + A / Math.pow(parameters, ALPHA) + B / Math.pow(tokens, BETA);
    }

    /** 6 N D. */
    public double flops() {
        return 6 * parameters * tokens;
    }
}
