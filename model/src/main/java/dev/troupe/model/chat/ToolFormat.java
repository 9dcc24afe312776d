package dev.troupe.model.chat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.TroupeException;
import dev.troupe.model.grammar.AnswerForm;
import dev.troupe.model.grammar.AnswerForm.Part;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** How a model writes that it wants functions to be called. */
public enum ToolFormat {
    /** {@code <tool_call>{"name": ..., "arguments": {...}}</tool_call>}: Hermes, Qwen 2.5 and 3, and many others. */
    HERMES("<tool_call>", "</tool_call>", "arguments"),
    /** {@code {"name": ..., "parameters": {...}}} and nothing else: Llama 3.1 and later. */
    LLAMA("<|python_tag|>", "", "parameters"),
    /** {@code [TOOL_CALLS] [{"name": ..., "arguments": {...}}]}: Mistral 7B and Nemo. */
    MISTRAL("[TOOL_CALLS]", "", "arguments"),
    /** {@code [TOOL_CALLS]name[ARGS]{...}}, maybe with {@code [CALL_ID]...} between: Mistral Small 3.2 and later. */
    MISTRAL_ARGS("[TOOL_CALLS]", "", "");

    /** Before the arguments of a call that is no JSON object itself. */
    static final String ARGS = "[ARGS]";

    /** Before the id that a model gives to such a call. */
    static final String CALL_ID = "[CALL_ID]";

    /** All marks, which are special tokens in most vocabularies. */
    public static final List<String> MARKS = Arrays.stream(values())
            .flatMap(format -> format.marks().stream())
            .distinct()
            .toList();

    private static final int ID_LENGTH = 24;
    private static final int SHORT_ID_LENGTH = 9;
    private static final Pattern SHORT_ID = Pattern.compile("[A-Za-z0-9]{" + SHORT_ID_LENGTH + "}");
    private static final JsonMapper JSON = new JsonMapper();

    private final String open;
    private final String close;
    private final String argumentsKey;

    ToolFormat(String open, String close, String argumentsKey) {
        this.open = open;
        this.close = close;
        this.argumentsKey = argumentsKey;
    }

    /** The format that a Jinja template writes earlier calls in. */
    static ToolFormat of(String jinja) {
        if (jinja.contains(MISTRAL.open)) {
            return jinja.contains(ARGS) ? MISTRAL_ARGS : MISTRAL;
        }
        boolean llama = jinja.contains("\"parameters\"") && !jinja.contains(HERMES.open);
        return llama ? LLAMA : HERMES;
    }

    /** The mark before calls. */
    public String open() {
        return open;
    }

    /** The mark behind a call; "" for none. */
    public String close() {
        return close;
    }

    /** All that stand around and in calls. */
    public List<String> marks() {
        Stream<String> around = Stream.of(open, close).filter(mark -> !mark.isEmpty());
        return (this == MISTRAL_ARGS ? Stream.concat(around, Stream.of(CALL_ID, ARGS)) : around).toList();
    }

    /** Whether calls have ids of nine letters and digits, because templates refuse others. */
    private boolean hasShortIds() {
        return this == MISTRAL || this == MISTRAL_ARGS;
    }

    /**
     * The id of a call as a template is shown it: a conversation that another model began has ids that this one's
     * template may refuse. Equal ids stay equal.
     */
    String shownId(String id) {
        return !hasShortIds() || SHORT_ID.matcher(id).matches() ? id : callId(id);
    }

    /** An id for a call, as this format has them: the same for the same name of it. */
    public String callId(String name) {
        String digits = UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8))
                .toString()
                .replace("-", "");
        return hasShortIds() ? digits.substring(0, SHORT_ID_LENGTH) : "call_" + digits.substring(0, ID_LENGTH);
    }

    /** What an answer that must be a call begins with, before its JSON. */
    public String forcedStart() {
        return switch (this) {
            case HERMES -> open + "\n";
            case LLAMA -> "";
            case MISTRAL, MISTRAL_ARGS -> open;
        };
    }

    /**
     * The form of an answer that is calls of these functions, behind {@link #forcedStart}.
     *
     * @param tools not empty
     * @param most calls, at least 1; Llama's form has one in any case
     */
    public AnswerForm forcedCalls(List<Tool> tools, int most) {
        if (this == MISTRAL_ARGS) {
            Part call = namedCall(tools);
            return new AnswerForm(List.of(call), List.of(Part.mark(open), call), most - 1);
        }
        Part calls = objects(tools, most);
        return this == HERMES && most > 1
                ? new AnswerForm(List.of(calls, Part.mark(close)), markedCall(calls), most - 1)
                : AnswerForm.of(calls);
    }

    /** The forms of an answer that is calls from its beginning on; else as {@link #forcedCalls}. */
    public List<AnswerForm> calls(List<Tool> tools, int most) {
        return switch (this) {
            case HERMES -> {
                List<Part> call = markedCall(objects(tools, most));
                yield List.of(new AnswerForm(call, call, most - 1));
            }
            case LLAMA -> {
                Part call = objects(tools, most);
                yield List.of(AnswerForm.of(call), AnswerForm.of(Part.mark(open), call));
            }
            case MISTRAL -> List.of(AnswerForm.of(Part.mark(open), objects(tools, most)));
            case MISTRAL_ARGS -> {
                List<Part> call = List.of(Part.mark(open), namedCall(tools));
                yield List.of(new AnswerForm(call, call, most - 1));
            }
        };
    }

    /** A name and its function's arguments. */
    private static Part namedCall(List<Tool> tools) {
        return Part.oneOf(tools.stream()
                .map(tool -> List.of(
                        Part.mark(tool.name()),
                        Part.mark(ARGS),
                        Part.json(parameters(tool, "#").toString())))
                .toList());
    }

    private List<Part> markedCall(Part call) {
        return List.of(Part.mark(open), call, Part.mark(close));
    }

    /** What stands between two marks: a call, or an array of up to {@code most}. */
    private Part objects(List<Tool> tools, int most) {
        return Part.json(schema(tools, most));
    }

    private String schema(List<Tool> tools, int most) {
        ObjectNode root = JSON.createObjectNode();
        ObjectNode definitions = root.putObject("$defs");
        ArrayNode calls = JSON.createArrayNode();
        for (Tool tool : tools) {
            String key = "parameters" + calls.size();
            definitions.set(key, parameters(tool, "#/$defs/" + key));
            ObjectNode call = calls.addObject().put("type", "object");
            ObjectNode properties = call.putObject("properties");
            properties.putObject("name").put("const", tool.name());
            properties.putObject(argumentsKey).put("$ref", "#/$defs/" + key);
            call.putArray("required").add("name").add(argumentsKey);
            call.put("additionalProperties", false);
        }
        if (this == MISTRAL) {
            root.put("type", "array").put("minItems", 1).put("maxItems", most);
            root.putObject("items").set("anyOf", calls);
        } else {
            root.set("anyOf", calls);
        }
        return root.toString();
    }

    /** A function's schema, its references moved to where it stands now. */
    private static JsonNode parameters(Tool tool, String place) {
        if (tool.parameters().isEmpty()) {
            return JSON.createObjectNode().put("type", "object").put("additionalProperties", false);
        }
        try {
            JsonNode schema = JSON.readTree(tool.parameters());
            move(schema, place);
            return schema;
        } catch (JsonProcessingException e) {
            throw new TroupeException(
                    "the parameters of the function '" + tool.name() + "' are no JSON: " + e.getOriginalMessage(), e);
        }
    }

    private static void move(JsonNode node, String place) {
        if (node instanceof ObjectNode object
                && object.path("$ref").isTextual()
                && object.path("$ref").textValue().startsWith("#")) {
            object.put("$ref", place + object.path("$ref").textValue().substring(1));
        }
        node.forEach(child -> move(child, place));
    }
}
