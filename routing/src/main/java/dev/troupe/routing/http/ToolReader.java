package dev.troupe.routing.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.model.chat.Tool;
import dev.troupe.routing.generate.ToolUse;
import dev.troupe.routing.generate.ToolUse.Mode;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads {@code tools}, {@code tool_choice} and {@code parallel_tool_calls}. Fields of a tool that are not known are
 * passed over, and so is {@code strict}: arguments of a forced call are held to the schema in any case.
 */
final class ToolReader {
    private ToolReader() {}

    static ToolUse read(RequestFields body) {
        var tools = tools(body);
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
        return new ToolUse(tools, Mode.REQUIRED, named(choice.get()), parallel);
    }

    private static String named(JsonNode choice) {
        var fields = RequestFields.of(choice, "tool_choice");
        MessageReader.requireFunction(fields, "tool_choice");
        var function = RequestFields.of(fields.required("function"), "tool_choice.function");
        var name = function.requiredString("name");
        function.rejectUnknown();
        fields.rejectUnknown();
        return name;
    }

    private static List<Tool> tools(RequestFields body) {
        var given = body.any("tools");
        if (given.isEmpty()) {
            return List.of();
        }
        if (!given.get().isArray()) {
            throw RequestFields.wrongType("tools", "an array", given.get());
        }
        var tools = new ArrayList<Tool>();
        for (var item : given.get()) {
            tools.add(tool(item, "tools[" + tools.size() + "]"));
        }
        return tools;
    }

    private static Tool tool(JsonNode item, String path) {
        var fields = RequestFields.of(item, path);
        MessageReader.requireFunction(fields, path);
        var function = RequestFields.of(fields.required("function"), path + ".function");
        var name = function.requiredString("name");
        var description = function.string("description");
        var parameters = function.any("parameters");
        parameters.filter(schema -> !schema.isObject()).ifPresent(schema -> {
            throw RequestFields.wrongType(path + ".function.parameters", "an object", schema);
        });
        return Tool.function(
                name, description.orElse(""), parameters.map(Json::write).orElse(""));
    }
}
