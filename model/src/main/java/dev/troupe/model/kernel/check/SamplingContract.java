package dev.troupe.model.kernel.check;

import dev.troupe.model.sampling.SamplingOptions;
import dev.troupe.model.sampling.TokenChoice;
import dev.troupe.model.sampling.TokenCounts;
import dev.troupe.model.sampling.TokenMask;
import dev.troupe.model.tensor.Tensor;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Each option alone and all of them, over vocabularies of all sizes, with equal logits and without. */
final class SamplingContract implements OperationContract<TokenChoice> {
    private static final int DRAWS = 8;
    /** Where time is short, and from vocabularies of more than {@link #MANY}: the reference sorts them for each. */
    private static final int FEW_DRAWS = 2;

    private static final int MANY = 10_000;
    private static final int SEED = 3;
    private static final int[] VOCABULARIES = {1, 2, 3, 15, 16, 17, 31, 127, 1009, 50_257};
    private static final float STEPS = 4; // a logit, where some are to be equal
    private static final List<SamplingOptions> OPTIONS = List.of(
            SamplingOptions.greedy(),
            SamplingOptions.atTemperature(0.7, SEED),
            with(1, 0, 1, 1),
            with(40, 0, 1, 1),
            with(0, 0.05, 1, 1),
            with(0, 0, 0.5, 1),
            with(0, 0, 0.95, 1),
            with(0, 0, 1, 1.3),
            with(50, 0.01, 0.9, 1.1));

    private static SamplingOptions with(int topK, double minP, double topP, double repetitionPenalty) {
        double other = repetitionPenalty - 1;
        return new SamplingOptions(
                0.8, topK, topP, minP, repetitionPenalty, other, other, Map.of(0, 1.5, 2, -3.0), SEED);
    }

    @Override
    public String name() {
        return "sampling";
    }

    @Override
    public void brief(Comparison<TokenChoice> on) {
        OPTIONS.forEach(options -> at(on, 131, FEW_DRAWS, options));
    }

    @Override
    public void full(Comparison<TokenChoice> on) {
        for (int vocabulary : VOCABULARIES) {
            int draws = vocabulary > MANY ? FEW_DRAWS : DRAWS;
            OPTIONS.forEach(options -> at(on, vocabulary, draws, options));
        }
    }

    private static void at(Comparison<TokenChoice> on, int vocabulary, int draws, SamplingOptions options) {
        on.compareBits("sampling", "vocabulary " + vocabulary + ", " + options, (choice, in) -> {
            Tensor logits = in.normal(2, vocabulary);
            for (int i = 0; i < vocabulary; i++) { // the second row has equal ones
                logits.set(vocabulary + (long) i, Math.round(logits.get(i) * STEPS) / STEPS);
            }
            TokenMask half = mask(vocabulary);
            for (int row = 0; row < 2; row++) {
                draw(choice, options, logits, row, null, in.result("tokens of row " + row, draws));
                draw(choice, options, logits, row, half, in.result("allowed tokens of row " + row, draws));
            }
        });
    }

    /** Every other token. */
    private static TokenMask mask(int vocabulary) {
        long[] bits = new long[Math.ceilDiv(vocabulary, Long.SIZE)];
        for (int token = 0; token < vocabulary; token += 2) {
            bits[token / Long.SIZE] |= 1L << token;
        }
        return new TokenMask(bits);
    }

    private static void draw(
            TokenChoice choice,
            SamplingOptions options,
            Tensor logits,
            int row,
            @Nullable TokenMask allowed,
            Tensor tokens) {
        TokenCounts history = TokenCounts.ofPrompt(List.of(0, logits.dim(1) - 1));
        for (int i = 0; i < tokens.size(); i++) {
            int token = choice.choose(options, logits, row, i, history, allowed);
            tokens.set(i, token);
            history.add(token);
        }
    }
}
