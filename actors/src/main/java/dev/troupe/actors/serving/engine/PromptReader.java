package dev.troupe.actors.serving.engine;

import dev.troupe.actors.serving.GenerationEvent;
import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.model.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * Takes what the model computes at the positions of one request's prompt, in order; from position 0 again when the
 * request was preempted. Used by one step after another, never by two at once.
 */
public interface PromptReader {
    /** The reader that a request asks for, when it does. */
    static Optional<PromptReader> of(GenerationRequest request) {
        return switch (request.promptOutput()) {
            case NONE -> Optional.empty();
            case LOG_PROBS -> Optional.of(new PromptScores(request));
            case EMBEDDING -> Optional.of(new MeanPooling(request));
        };
    }

    /**
     * Takes one position.
     *
     * @param rows logits [rows, V], or final hidden states [rows, C], as the request's output wants
     * @param row of the position
     */
    void read(int position, Tensor rows, int row);

    /** What there is to tell since the last call. */
    List<GenerationEvent> events();
}
