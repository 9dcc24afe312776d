package dev.troupe.routing.generate;

import dev.troupe.model.tokenizer.BpeTrainer;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.routing.route.DispatchClient;
import dev.troupe.routing.route.DispatchEvent;
import dev.troupe.routing.stream.AnswerText;
import dev.troupe.routing.stream.PromptPlaces;
import dev.troupe.safety.filter.RuleFilter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Answers that a test tells, token by token: each is one letter. */
public final class ToldAnswers {
    public static final Tokenizer LETTERS =
            BpeTrainer.train(List.of("hello world"), 257, List.of(BpeTrainer.END_OF_TEXT), 1);

    private final RunningAnswers running;
    private final List<DispatchClient> dispatches = new ArrayList<>();
    private final int[] told;

    /**
     * Answers of which nothing is told.
     *
     * @param mostBehind tokens that may wait
     */
    public ToldAnswers(int choices, int mostBehind, String... stops) {
        running = new RunningAnswers(mostBehind);
        told = new int[choices];
        for (int choice = 0; choice < choices; choice++) {
            var text = new AnswerText(
                    LETTERS, List.of(stops), new RuleFilter(List.of()).stream(), "", PromptPlaces.NONE, Map.of());
            dispatches.add(running.add(new ChoiceText("test", text, null), mostBehind));
        }
    }

    public RunningAnswers running() {
        return running;
    }

    public void tell(int choice, DispatchEvent event) {
        dispatches.get(choice).tell(event);
    }

    /** A token for each letter. */
    public void say(int choice, String letters) {
        for (int token : LETTERS.encode(letters)) {
            tell(choice, new DispatchEvent.Token(told[choice]++, token, 0, List.of()));
        }
    }

    /** Whether the answer's dispatch was told that nobody wants more. */
    public boolean isGone(int choice) {
        return dispatches.get(choice).gone().toCompletableFuture().isDone();
    }
}
