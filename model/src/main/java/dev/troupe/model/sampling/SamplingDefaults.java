package dev.troupe.model.sampling;

/**
 * How the makers of a model recommend to sample from it: what a request gets that does not say otherwise. The numbers
 * mean what they mean in {@link SamplingOptions}.
 *
 * @param temperature 1 where nothing is recommended
 * @param topK 0 where nothing is recommended
 * @param topP 1 where nothing is recommended
 * @param minP 0 where nothing is recommended
 * @param repetitionPenalty 1 where nothing is recommended
 */
public record SamplingDefaults(double temperature, int topK, double topP, double minP, double repetitionPenalty) {
    /** No recommendation: the model's own distribution. */
    public static final SamplingDefaults NONE = new SamplingDefaults(1, 0, 1, 0, 1);
}
