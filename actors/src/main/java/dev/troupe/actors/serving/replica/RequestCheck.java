package dev.troupe.actors.serving.replica;

import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.actors.serving.PromptOutput;
import java.util.Collection;
import java.util.Optional;

/** Finds what is wrong with a request before the engine sees it: a bad token id there would fail the whole batch. */
final class RequestCheck {
    private RequestCheck() {}

    /** A sentence for the user, or empty when the request can be served. */
    static Optional<String> mistake(GenerationRequest request, ModelDescription model) {
        int vocabSize = model.vocabSize();
        if (request.promptTokens().isEmpty()) {
            return Optional.of("the prompt is empty: give at least one token");
        }
        if (request.maxTokens() < 0) {
            return Optional.of("the number of tokens to generate (" + request.maxTokens() + ") is negative");
        }
        if (request.firstIndex() < 0
                || request.firstIndex() >= request.promptTokens().size()) {
            return Optional.of("the index of the first token (" + request.firstIndex()
                    + ") does not leave a prompt of at least one token");
        }
        if (request.promptOutput() == PromptOutput.EMBEDDING && request.maxTokens() > 0) {
            return Optional.of("an embedding has no answer: the number of tokens to generate (" + request.maxTokens()
                    + ") must be 0");
        }
        return outside(request.promptTokens(), vocabSize)
                .or(() -> outside(request.sampling().logitBias().keySet(), vocabSize))
                .map(token -> "token " + token + " is not in the model's vocabulary of " + vocabSize);
    }

    private static Optional<Integer> outside(Collection<Integer> tokens, int vocabSize) {
        for (int token : tokens) {
            if (token < 0 || token >= vocabSize) {
                return Optional.of(token);
            }
        }
        return Optional.empty();
    }
}
