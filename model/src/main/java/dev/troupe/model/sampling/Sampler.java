package dev.troupe.model.sampling;

import dev.troupe.model.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * Chooses tokens as {@link SamplingOptions} says. A choice is a function of logits, history, seed and index alone, so a
 * request gives the same answer in any batch, on any replica, and after a restart in its middle. Top-k and top-p select
 * by {@linkplain TopSelection partitioning}, without sorting the vocabulary. Not thread-safe.
 */
public final class Sampler {
    static final long STREAM = CounterRandom.stream("sampler");
    static final double NEGLIGIBLE = -45; // e^-45 of the best vanishes in a float64 sum

    private final SamplingOptions options;
    private final SamplingSpace space;
    // Of the space, for the draw under way.
    private int vocabSize;
    private float[] logits;
    private double[] weights;

    /** @param space that no other sampler uses at the same time */
    public Sampler(SamplingOptions options, SamplingSpace space) {
        this.options = options;
        this.space = space;
        this.logits = space.logits();
        this.weights = space.weights();
    }

    /**
     * Draws token number {@code index} of the answer.
     *
     * @param rows [rows, V]
     * @param history prompt and answer so far, for the penalties; the caller adds the token drawn
     */
    public int sample(Tensor rows, int row, int index, TokenCounts history) {
        return sample(rows, row, index, history, null);
    }

    /**
     * Draws token number {@code index} of the answer from some of the vocabulary: as if the others had no probability.
     *
     * @param rows [rows, V]
     * @param history prompt and answer so far, for the penalties; the caller adds the token drawn
     * @param allowed not empty; null for all tokens
     */
    public int sample(Tensor rows, int row, int index, TokenCounts history, @Nullable TokenMask allowed) {
        vocabSize = rows.dim(1);
        space.fit(vocabSize);
        logits = space.logits();
        weights = space.weights();
        MemorySegment.copy(
                rows.readOnlySegment(),
                ValueLayout.JAVA_FLOAT,
                (long) row * vocabSize * Float.BYTES,
                logits,
                0,
                vocabSize);
        adjust(history);
        int best = argMax(allowed == null ? 0 : keepOnly(allowed));
        if (options.temperature() == 0) {
            return best;
        }
        double total = weigh(best);
        if (options.minP() > 0) {
            total = keepAtLeast(options.minP());
        }
        if (options.topK() > 0 && options.topK() < vocabSize) {
            total = keep(space.selection().byCount(weights, options.topK()));
        }
        if (options.topP() < 1) {
            total = keep(space.selection().byWeight(weights, options.topP() * total));
        }
        return draw(total * CounterRandom.uniform(options.seed(), STREAM, index), best);
    }

    private void adjust(TokenCounts history) {
        options.logitBias().forEach((token, bias) -> {
            if (token >= 0 && token < vocabSize) {
                logits[token] += bias.floatValue();
            }
        });
        if (options.repetitionPenalty() != 1) {
            for (int token : history.promptTokens()) {
                penalizeRepetition(token);
            }
            for (int token : history.answerTokens().keySet()) {
                if (!history.promptTokens().contains(token)) {
                    penalizeRepetition(token);
                }
            }
        }
        if (options.presencePenalty() != 0 || options.frequencyPenalty() != 0) {
            history.answerTokens().forEach((token, count) -> {
                if (token < vocabSize) {
                    logits[token] -= (float) (options.presencePenalty() + count * options.frequencyPenalty());
                }
            });
        }
    }

    private void penalizeRepetition(int token) {
        if (token >= vocabSize) {
            return; // of a draft model, whose vocabulary is padded less
        }
        float factor = (float) options.repetitionPenalty();
        logits[token] = logits[token] > 0 ? logits[token] / factor : logits[token] * factor;
    }

    /** Drops tokens that are not allowed; returns the lowest that is. */
    private int keepOnly(TokenMask allowed) {
        int first = vocabSize;
        for (int token = vocabSize - 1; token >= 0; token--) {
            if (allowed.allows(token)) {
                first = token;
            } else {
                logits[token] = Float.NEGATIVE_INFINITY;
            }
        }
        if (first == vocabSize) {
            throw new IllegalArgumentException("no token of " + vocabSize + " is allowed");
        }
        return first;
    }

    /** The best token, of equal ones the lowest. */
    private int argMax(int first) {
        float[] row = logits;
        int best = first;
        float greatest = row[first];
        for (int token = first + 1; token < vocabSize; token++) {
            float logit = row[token];
            if (logit > greatest) {
                greatest = logit;
                best = token;
            }
        }
        return best;
    }

    private double weigh(int best) {
        double total = 0;
        for (int token = 0; token < vocabSize; token++) {
            double exponent = ((double) logits[token] - logits[best]) / options.temperature();
            weights[token] = exponent < NEGLIGIBLE ? 0 : Math.exp(exponent);
            total += weights[token];
        }
        return total;
    }

    /** Drops tokens below this fraction of the best one's weight, which is 1; returns the weight left. */
    private double keepAtLeast(double fraction) {
        double total = 0;
        for (int token = 0; token < vocabSize; token++) {
            if (weights[token] < fraction) {
                weights[token] = 0;
            }
            total += weights[token];
        }
        return total;
    }

    /** Drops tokens that come after {@code last} in the order of {@link TopSelection}; returns the weight left. */
    private double keep(int last) {
        double lowest = weights[last];
        double total = 0;
        for (int token = 0; token < vocabSize; token++) {
            if (weights[token] < lowest || (weights[token] == lowest && token > last)) {
                weights[token] = 0;
            }
            total += weights[token];
        }
        return total;
    }

    private int draw(double target, int best) {
        double sum = 0;
        for (int token = 0; token < vocabSize; token++) {
            sum += weights[token];
            if (sum > target) {
                return token;
            }
        }
        return best; // rounding left the target at the very end of the sum
    }
}
