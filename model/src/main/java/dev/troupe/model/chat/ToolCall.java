package dev.troupe.model.chat;

/**
 * A function that an assistant's message asks to be called.
 *
 * @param arguments the text of a JSON object, or whatever a model wrote in its place
 */
public record ToolCall(String id, String name, String arguments) {}
