package dev.troupe.model.chat;

/**
 * A function that an assistant's message asks to be called.
 *
 * @param arguments the text of a JSON object, or whatever a model wrote in its place
 */
public record ToolCall(String id, String name, String arguments) {
    /** As a client gives it: without arguments, which is written in several ways, it has an empty object. */
    public static ToolCall of(String id, String name, String arguments) {
        boolean none = arguments.isBlank() || arguments.strip().equals("null");
        return new ToolCall(id, name, none ? "{}" : arguments);
    }
}
