package dev.troupe.model.chat;

/**
 * A function that an assistant's message asks to be called.
 *
 * @param arguments a JSON object
 */
public record ToolCall(String id, String name, String arguments) {}
