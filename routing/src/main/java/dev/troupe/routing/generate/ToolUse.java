package dev.troupe.routing.generate;

import dev.troupe.model.chat.Tool;
import dev.troupe.routing.route.RequestFailure;
import java.util.HashSet;
import java.util.List;

/**
 * The functions that an answer may call.
 *
 * @param tools that the model is told of; none when no call is wanted
 * @param mode whether the answer must be a call
 * @param function the name of the one that must be called; "" for any
 * @param parallel whether one answer may have several calls
 */
public record ToolUse(List<Tool> tools, Mode mode, String function, boolean parallel) {
    /** No tools. */
    public static final ToolUse NONE = new ToolUse(List.of(), Mode.AUTO, "", true);

    /** Whether the answer must be a call. */
    public enum Mode {
        /** The model decides. */
        AUTO,
        /** It is calls: one, or several where they may be. */
        REQUIRED
    }

    private static final int MAX_TOOLS = 128;
    private static final String GOOD_NAME = "[a-zA-Z0-9_-]{1,64}";

    /** @throws RequestFailure that names the field when tools and wishes do not fit together */
    public ToolUse {
        tools = List.copyOf(tools);
        if (tools.size() > MAX_TOOLS) {
            throw invalid("tools", "has " + tools.size() + " entries; at most " + MAX_TOOLS + " are allowed");
        }
        var names = new HashSet<String>();
        for (var tool : tools) {
            if (!tool.name().matches(GOOD_NAME)) {
                throw invalid(
                        "tools", "has a function '" + tool.name() + "'; names have 1 to 64 letters, digits, _, -");
            }
            if (!names.add(tool.name())) {
                throw invalid("tools", "has the function '" + tool.name() + "' twice");
            }
        }
        if (mode == Mode.REQUIRED && tools.isEmpty()) {
            throw invalid("tool_choice", "is only allowed when 'tools' are given");
        }
        if (!function.isEmpty() && !names.contains(function)) {
            throw invalid("tool_choice", "names the function '" + function + "', which is not in 'tools'");
        }
    }

    private static RequestFailure invalid(String field, String problem) {
        return new RequestFailure(RequestFailure.Kind.INVALID, "'" + field + "' " + problem + ".", field);
    }

    /** Whether there are no tools. */
    public boolean isEmpty() {
        return tools.isEmpty();
    }

    /** Whether the answer must be a call. */
    public boolean isForced() {
        return !isEmpty() && mode == Mode.REQUIRED;
    }

    /** The functions that calls may be of where an answer is held to them. */
    List<Tool> callable() {
        return tools.stream()
                .filter(tool -> function.isEmpty() || tool.name().equals(function))
                .toList();
    }
}
