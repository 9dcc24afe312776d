package dev.troupe.actors.serving.engine;

import dev.troupe.actors.serving.GenerationEvent;
import dev.troupe.actors.serving.GenerationEvent.PromptScored;
import dev.troupe.actors.serving.GenerationEvent.ScoredPromptToken;
import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.model.sampling.LogProbs;
import dev.troupe.model.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Log-probabilities of a prompt's tokens: the logits of a position are those of the token behind it. */
final class PromptScores implements PromptReader {
    /** Most tokens of an event: with twenty alternatives each it stays far below the largest message of a cluster. */
    private static final int MOST_TOKENS = 64;

    private final GenerationRequest request;
    private final List<ScoredPromptToken> scores = new ArrayList<>();
    private int firstPosition = 1; // of the scores

    PromptScores(GenerationRequest request) {
        this.request = request;
    }

    @Override
    public void read(int position, Tensor rows, int row) {
        int scored = position + 1;
        if (scores.isEmpty()) {
            firstPosition = scored;
        }
        int token = request.promptTokens().get(scored);
        int numTop = Math.max(0, request.sampling().logProbs());
        scores.add(new ScoredPromptToken(
                token, LogProbs.logProb(rows, row, token), AnswerSampler.alternatives(rows, row, numTop)));
    }

    @Override
    public List<GenerationEvent> events() {
        List<GenerationEvent> events = new ArrayList<>();
        for (int from = 0; from < scores.size(); from += MOST_TOKENS) {
            List<ScoredPromptToken> piece = scores.subList(from, Math.min(scores.size(), from + MOST_TOKENS));
            events.add(new PromptScored(request.requestId(), firstPosition + from, List.copyOf(piece)));
        }
        scores.clear();
        return events;
    }
}
