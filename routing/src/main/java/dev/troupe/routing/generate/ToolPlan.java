package dev.troupe.routing.generate;

import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.model.chat.ChatTemplate;
import dev.troupe.model.chat.Tool;
import dev.troupe.model.chat.ToolCallParser;
import dev.troupe.model.chat.ToolFormat;
import dev.troupe.model.grammar.AnswerForm;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.routing.route.RequestFailure;
import dev.troupe.routing.route.RequestFailure.Kind;
import dev.troupe.routing.stream.ToolAnswer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * How a model's answers to one prompt call tools.
 *
 * @param marks text of special tokens that stand around calls, by id
 * @param forms one of which an answer has; none when it may be any text with calls in it
 */
record ToolPlan(ToolFormat format, ToolUse use, Map<Integer, String> marks, List<AnswerForm> forms) {
    /** Calls that an answer may have where it is held to a form. */
    private static final int MOST_CALLS = 16;

    private static final String FIELD = "tools";

    /**
     * The plan for a prompt; empty for one without tools.
     *
     * @throws RequestFailure when the model has no tools, or cannot be held to what is asked
     */
    static Optional<ToolPlan> of(
            Prompt prompt, GenerationSettings settings, ModelDescription model, Tokenizer tokenizer) {
        if (!(prompt instanceof Prompt.Chat chat) || chat.tools().isEmpty()) {
            return Optional.empty();
        }
        var use = chat.tools();
        var format = ChatTemplate.named(model.chatTemplate(), model.templates())
                .toolFormat()
                .orElseThrow(() -> new RequestFailure(
                        Kind.INVALID,
                        "This model's chat template, '" + model.chatTemplate() + "', has no place for tools.",
                        FIELD));
        var marks = new TreeMap<Integer, String>();
        for (var mark : format.marks()) {
            tokenizer.specialToken(mark).ifPresent(id -> marks.put(id, mark));
        }
        return Optional.of(new ToolPlan(format, use, marks, forms(format, use, settings)));
    }

    /** Calls when they are wanted; calls or JSON when the model decides and its text must be JSON. */
    private static List<AnswerForm> forms(ToolFormat format, ToolUse use, GenerationSettings settings) {
        int most = use.parallel() ? MOST_CALLS : 1;
        if (use.isForced()) {
            return List.of(format.forcedCalls(use.callable(), most));
        }
        return settings.forms().isEmpty()
                ? List.of()
                : Stream.concat(settings.forms().stream(), format.calls(use.callable(), most).stream())
                        .toList();
    }

    /** The reader of one answer; {@code id} is unique to it. */
    ToolAnswer answer(String id) {
        var names = use.tools().stream().map(Tool::name).collect(Collectors.toSet());
        return new ToolAnswer(parser(names), use.parallel(), index -> callId(id, index));
    }

    private ToolCallParser parser(Set<String> names) {
        if (use.isForced()) {
            return ToolCallParser.ofCalls(format, names);
        }
        return forms.isEmpty() ? ToolCallParser.ofText(format, names) : ToolCallParser.ofEither(format, names);
    }

    /** The same for the same answer: nothing of an answer is drawn outside of its seed. */
    private String callId(String id, int index) {
        return format.callId(id + "/" + index);
    }
}
