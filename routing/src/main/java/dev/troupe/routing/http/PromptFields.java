package dev.troupe.routing.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.routing.generate.Prompt;
import java.util.ArrayList;
import java.util.List;

/** Reads prompts in the shapes that OpenAI's API has for them. */
final class PromptFields {
    private PromptFields() {}

    /** A string, a list of strings, a list of token ids, or a list of those. */
    static List<Prompt> prompts(JsonNode node, String field) {
        if (node.isTextual()) {
            return List.of(new Prompt.Text(RequestFields.text(node, field)));
        }
        if (!node.isArray()) {
            throw RequestFields.wrongType(field, "a string or an array", node);
        }
        if (node.isEmpty()) {
            throw ApiProblem.invalid(
                    "'" + field + "' is an empty array: give at least one element.", field, "invalid_value");
        }
        if (node.get(0).isNumber()) {
            return List.of(tokens(node, field));
        }
        var prompts = new ArrayList<Prompt>();
        for (var item : node) {
            var path = field + "[" + prompts.size() + "]";
            prompts.add(item.isArray() ? tokens(item, path) : new Prompt.Text(RequestFields.text(item, path)));
        }
        return prompts;
    }

    /** An array of token ids. */
    static Prompt.Tokens tokens(JsonNode array, String path) {
        var ids = new ArrayList<Integer>();
        for (var item : array) {
            ids.add(item.isInt() ? item.intValue() : RequestFields.integer(item, path + "[" + ids.size() + "]"));
        }
        return new Prompt.Tokens(List.copyOf(ids));
    }
}
