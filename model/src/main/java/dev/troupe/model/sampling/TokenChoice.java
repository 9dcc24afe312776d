package dev.troupe.model.sampling;

import dev.troupe.model.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Chooses a token as {@link SamplingOptions} says. */
@FunctionalInterface
public interface TokenChoice {
    /**
     * Token number {@code index} of an answer.
     *
     * @param rows [rows, V]
     * @param history prompt and answer so far
     * @param allowed not empty; null for all tokens
     */
    int choose(
            SamplingOptions options, Tensor rows, int row, int index, TokenCounts history, @Nullable TokenMask allowed);
}
