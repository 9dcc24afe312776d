package dev.troupe.routing.generate;

import akka.NotUsed;
import akka.stream.javadsl.Source;
import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.model.tokenizer.Tokenizer;
import java.util.function.Supplier;

/**
 * A request that was found in order and can be run.
 *
 * @param model that answers
 * @param seed of choice 0
 * @param numChoices answers in all
 * @param numPrompts prompts; the answers to one follow each other, as many to each
 * @param promptTokens of all prompts, each counted once
 * @param work starts the work of all answers
 */
public record Generation(
        ModelDescription model,
        Tokenizer tokenizer,
        long seed,
        int numChoices,
        int numPrompts,
        int promptTokens,
        Supplier<RunningAnswers> work) {
    /** Starts the work. */
    public RunningAnswers begin() {
        return work.get();
    }

    /**
     * The events of all answers, each ended by its own end; that an answer has begun is told where there is one only.
     * Running it starts the work, cancelling it ends the work, and it fails with a
     * {@link dev.troupe.routing.route.RequestFailure}.
     */
    public Source<ChoiceEvent, NotUsed> events() {
        return Source.fromGraph(new AnswerSource(work));
    }
}
