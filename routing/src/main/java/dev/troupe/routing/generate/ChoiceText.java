package dev.troupe.routing.generate;

import dev.troupe.routing.route.DispatchEvent;
import dev.troupe.routing.stream.AnswerText;
import dev.troupe.routing.stream.TextEvent;
import dev.troupe.routing.stream.ToolAnswer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What one answer's events come to: text, calls of tools, its end. Not thread-safe. */
final class ChoiceText {
    private final String requestId;
    private final AnswerText text;
    private final @Nullable ToolAnswer calls;

    /** @param calls finds calls in the text; null where there are none to be found */
    ChoiceText(String requestId, AnswerText text, @Nullable ToolAnswer calls) {
        this.requestId = requestId;
        this.text = text;
        this.calls = calls;
    }

    /** Must not be asked again after it gave an end; throws the failure that an event is. */
    List<TextEvent> on(DispatchEvent event) {
        var events = text.on(event);
        if (!events.isEmpty() && events.getLast() instanceof TextEvent.End) {
            SafetyLog.report(requestId, "answer", text.verdict()); // which is complete only now
        }
        if (calls == null) {
            return events;
        }
        var all = new ArrayList<TextEvent>();
        events.forEach(each -> all.addAll(calls.on(each)));
        return all;
    }
}
