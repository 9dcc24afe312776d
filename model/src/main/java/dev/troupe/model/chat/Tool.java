package dev.troupe.model.chat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.TroupeException;

/**
 * A function that a model may ask for.
 *
 * @param json the whole description as OpenAI's API has it: {@code {"type":"function","function":{...}}}
 * @param parameters JSON schema of the arguments; "" for none
 */
public record Tool(String name, String json, String parameters) {
    private static final JsonMapper JSON = new JsonMapper();

    /**
     * Describes a function in the order in which models were shown it.
     *
     * @param description "" for none
     * @param parameters JSON schema of the arguments; "" for none
     * @throws TroupeException when that is no JSON object
     */
    public static Tool function(String name, String description, String parameters) {
        ObjectNode json = JSON.createObjectNode().put("type", "function");
        ObjectNode function = json.putObject("function").put("name", name);
        if (!description.isEmpty()) {
            function.put("description", description);
        }
        if (!parameters.isEmpty()) {
            try {
                JsonNode schema = JSON.readTree(parameters);
                if (!schema.isObject()) {
                    throw new TroupeException("the parameters of the function '" + name + "' are no JSON object");
                }
                function.set("parameters", schema);
            } catch (JsonProcessingException e) {
                throw new TroupeException(
                        "the parameters of the function '" + name + "' are no JSON: " + e.getOriginalMessage(), e);
            }
        }
        return new Tool(name, json.toString(), parameters);
    }
}
