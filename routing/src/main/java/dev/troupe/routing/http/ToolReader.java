package dev.troupe.routing.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.model.chat.Tool;
import dev.troupe.routing.generate.ToolUse;
import dev.troupe.routing.generate.ToolUse.Mode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Reads {@code tools}, {@code tool_choice} and {@code parallel_tool_calls}. Fields of a tool that are not known are
 * passed over, and so is {@code strict}: arguments of a forced call are held to the schema in any case.
 */
final class ToolReader {
    private ToolReader() {}

    /** Of a chat, where what a function is stands in an object of its own. */
    static ToolUse ofChat(RequestFields body) {
        return read(body, tool -> tool.inner("function"));
    }

    /** Of a response, where it stands in the tool itself. */
    static ToolUse ofResponse(RequestFields body) {
        return read(body, tool -> tool);
    }

    private static ToolUse read(RequestFields body, UnaryOperator<RequestFields> function) {
        var tools = tools(body, function);
        boolean parallel = body.bool("parallel_tool_calls", true);
        var choice = body.any("tool_choice");
        if (choice.isEmpty()) {
            return new ToolUse(tools, Mode.AUTO, "", parallel);
        }
        if (choice.get().isTextual()) {
            return switch (choice.get().textValue()) {
                case "none" -> ToolUse.NONE;
                case "auto" -> new ToolUse(tools, Mode.AUTO, "", parallel);
                case "required" -> new ToolUse(tools, Mode.REQUIRED, "", parallel);
                case String other ->
                    throw ApiProblem.invalid(
                            "'tool_choice' is '" + other
                                    + "'; it must be 'none', 'auto', 'required' or an object that names a function.",
                            "tool_choice",
                            "invalid_value");
            };
        }
        return new ToolUse(tools, Mode.REQUIRED, named(choice.get(), function), parallel);
    }

    private static String named(JsonNode choice, UnaryOperator<RequestFields> place) {
        var fields = RequestFields.of(choice, "tool_choice");
        MessageReader.requireFunction(fields, "tool_choice");
        var function = place.apply(fields);
        var name = function.requiredString("name");
        function.rejectUnknown();
        fields.rejectUnknown();
        return name;
    }

    private static List<Tool> tools(RequestFields body, UnaryOperator<RequestFields> function) {
        var tools = new ArrayList<Tool>();
        for (var item : body.array("tools")) {
            tools.add(tool(item, "tools[" + tools.size() + "]", function));
        }
        return tools;
    }

    private static Tool tool(JsonNode item, String path, UnaryOperator<RequestFields> place) {
        var fields = RequestFields.of(item, path);
        MessageReader.requireFunction(fields, path);
        var function = place.apply(fields);
        var name = function.requiredString("name");
        var description = function.string("description");
        var parameters = function.any("parameters");
        parameters.filter(schema -> !schema.isObject()).ifPresent(schema -> {
            throw RequestFields.wrongType(function.path("parameters"), "an object", schema);
        });
        return Tool.function(
                name, description.orElse(""), parameters.map(Json::write).orElse(""));
    }
}
