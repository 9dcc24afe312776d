package dev.troupe.routing.stream;

import dev.troupe.model.chat.ToolCall;
import java.util.ArrayList;
import java.util.List;

/** The calls of one answer, put together from their events. Not thread-safe. */
public final class CollectedCalls {
    private final List<String> ids = new ArrayList<>();
    private final List<String> names = new ArrayList<>();
    private final List<StringBuilder> arguments = new ArrayList<>();

    /** One more event; calls come in order. */
    public void add(TextEvent.Call call) {
        if (call.index() == names.size()) {
            ids.add(call.id());
            names.add(call.name());
            arguments.add(new StringBuilder());
        }
        arguments.get(call.index()).append(call.arguments());
    }

    /** All calls so far. */
    public List<ToolCall> calls() {
        var calls = new ArrayList<ToolCall>();
        for (int i = 0; i < names.size(); i++) {
            calls.add(new ToolCall(ids.get(i), names.get(i), arguments.get(i).toString()));
        }
        return calls;
    }
}
