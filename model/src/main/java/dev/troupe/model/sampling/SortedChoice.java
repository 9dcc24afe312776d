package dev.troupe.model.sampling;

import dev.troupe.model.tensor.Tensor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The reference of {@link Sampler}, which says what the options mean: sorts the vocabulary, then drops tokens from the
 * end of the list.
 */
public final class SortedChoice implements TokenChoice {
    /** @param weight its probability over that of the best token */
    private record Candidate(int token, double weight) {}

    @Override
    public int choose(
            SamplingOptions options,
            Tensor rows,
            int row,
            int index,
            TokenCounts history,
            @Nullable TokenMask allowed) {
        List<Integer> tokens = new ArrayList<>();
        float[] logits = new float[rows.dim(1)];
        for (int token = 0; token < logits.length; token++) {
            logits[token] = adjusted(options, rows.get((long) row * logits.length + token), token, history);
            if (allowed == null || allowed.allows(token)) {
                tokens.add(token);
            }
        }
        tokens.sort(Comparator.comparingDouble((Integer token) -> 0 - logits[token])
                .thenComparingInt(token -> token)); // 0 as -0
        int best = tokens.getFirst();
        if (options.temperature() == 0) {
            return best;
        }
        List<Candidate> kept = tokens.stream()
                .map(token -> new Candidate(token, weight(options, logits[token], logits[best])))
                .filter(candidate -> candidate.weight > 0 && candidate.weight >= options.minP())
                .toList();
        if (options.topK() > 0) {
            kept = kept.subList(0, Math.min(kept.size(), options.topK()));
        }
        kept = kept.subList(0, reaching(kept, options.topP()));
        return draw(kept, CounterRandom.uniform(options.seed(), Sampler.STREAM, index));
    }

    private static float adjusted(SamplingOptions options, float raw, int token, TokenCounts history) {
        float logit = raw + options.logitBias().getOrDefault(token, 0.0).floatValue();
        if (history.promptTokens().contains(token) || history.inAnswer(token) > 0) {
            float factor = (float) options.repetitionPenalty();
            logit = logit > 0 ? logit / factor : logit * factor;
        }
        int count = history.inAnswer(token);
        double penalty = count == 0 ? 0 : options.presencePenalty() + count * options.frequencyPenalty();
        return logit - (float) penalty;
    }

    private static double weight(SamplingOptions options, float logit, float best) {
        double exponent = ((double) logit - best) / options.temperature();
        return exponent < Sampler.NEGLIGIBLE ? 0 : Math.exp(exponent);
    }

    private static double sum(List<Candidate> candidates) {
        return candidates.stream().mapToDouble(Candidate::weight).sum();
    }

    /** How many of the first have at least this part of the weight of all. */
    private static int reaching(List<Candidate> candidates, double part) {
        double target = part * sum(candidates);
        double sum = 0;
        int count = 0;
        while (count < candidates.size() && (part == 1 || sum < target)) {
            sum += candidates.get(count++).weight;
        }
        return count;
    }

    /** In order of tokens, each as long as its weight: the one at {@code place}, which is between 0 and 1. */
    private static int draw(List<Candidate> kept, double place) {
        double target = place * sum(kept);
        double sum = 0;
        for (Candidate candidate :
                kept.stream().sorted(Comparator.comparingInt(Candidate::token)).toList()) {
            sum += candidate.weight;
            if (sum > target) {
                return candidate.token;
            }
        }
        return kept.getFirst().token;
    }
}
