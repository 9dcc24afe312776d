package dev.troupe.actors.serving.engine;

import dev.troupe.actors.serving.GenerationEvent.Alternative;
import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.SamplingParameters;
import dev.troupe.model.grammar.ConstrainedText;
import dev.troupe.model.sampling.LogProbs;
import dev.troupe.model.sampling.Sampler;
import dev.troupe.model.sampling.SamplingOptions;
import dev.troupe.model.sampling.SamplingSpace;
import dev.troupe.model.sampling.TokenCounts;
import dev.troupe.model.sampling.TokenMask;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tokenizer.Tokenizer;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Draws the tokens of one answer, and keeps what the next draw depends on: the number of the token and the counts for
 * the penalties. Used by one step after another, never by two at once.
 */
public final class AnswerSampler {
    private final SamplingOptions options;
    private final int numLogProbs;
    private final TokenCounts history;
    private final @Nullable ConstrainedText constraint;
    private int nextIndex;
    private final Sampler sampler;

    /**
     * Reads the sampling parameters and the answer so far.
     *
     * @param constraint what the whole answer is held to, before its first token
     * @param space shared by answers whose tokens are drawn one after another
     * @throws IllegalArgumentException when a sampling parameter is out of its range, or the answer so far is not as
     *     the constraint allows; the message is fit for a user
     */
    public AnswerSampler(GenerationRequest request, Optional<ConstrainedText> constraint, SamplingSpace space) {
        SamplingParameters sampling = request.sampling();
        this.options = new SamplingOptions(
                sampling.temperature(),
                sampling.topK(),
                sampling.topP(),
                sampling.minP(),
                sampling.repetitionPenalty(),
                sampling.presencePenalty(),
                sampling.frequencyPenalty(),
                sampling.logitBias(),
                sampling.seed());
        this.sampler = new Sampler(options, space);
        this.numLogProbs = sampling.logProbs();
        this.nextIndex = request.firstIndex();
        List<Integer> known = request.promptTokens();
        int numPrompt = known.size() - request.firstIndex();
        this.history = TokenCounts.ofPrompt(known.subList(0, numPrompt));
        this.constraint = constraint.orElse(null);
        for (int token : known.subList(numPrompt, known.size())) {
            history.add(token);
            constraint.ifPresent(text -> text.append(token));
        }
    }

    /**
     * Draws the next token.
     *
     * @param logits [rows, V]
     */
    public SampledToken draw(Tensor logits, int row) {
        TokenMask allowed = constraint == null ? null : constraint.allowed();
        if (allowed != null && allowed.isEmpty()) {
            return new SampledToken(nextIndex, Tokenizer.NO_TOKEN, Double.NaN, List.of());
        }
        int token = sampler.sample(logits, row, nextIndex, history, allowed);
        history.add(token);
        if (constraint != null) {
            constraint.append(token);
        }
        double logProb = numLogProbs < 0 ? Double.NaN : LogProbs.logProb(logits, row, token);
        return new SampledToken(nextIndex++, token, logProb, alternatives(logits, row, numLogProbs));
    }

    /**
     * The token that {@link #draw} would give after {@code guessed} more tokens, if these were the model's logits. As a
     * draw is a function of logits, seed and index, a model that is much like this one guesses much like it draws.
     * Leaves the answer as it is.
     *
     * @param logits [rows, V]
     * @param space of the model that guesses, whose vocabulary may be padded to another size: with one space for both,
     *     its memory would be made anew at each change from one to the other
     */
    int guess(Tensor logits, int row, List<Integer> guessed, SamplingSpace space) {
        // A guess that may not come is wasted, no more: without a mask it is drawn from all tokens.
        TokenMask allowed =
                constraint == null ? null : constraint.allowedAfter(guessed).orElse(null);
        guessed.forEach(history::add);
        int token = new Sampler(options, space).sample(logits, row, nextIndex + guessed.size(), history, allowed);
        guessed.forEach(history::remove);
        return token;
    }

    /**
     * The most likely tokens of a row, best first; none when {@code count} is below 1.
     *
     * @param logits [rows, V]
     */
    static List<Alternative> alternatives(Tensor logits, int row, int count) {
        return count < 1
                ? List.of()
                : LogProbs.top(logits, row, count).stream()
                        .map(top -> new Alternative(top.token(), top.logProb()))
                        .toList();
    }
}
