package dev.troupe.model.chat;

/**
 * A function that a model may ask for.
 *
 * @param json the whole description as OpenAI's API has it: {@code {"type":"function","function":{...}}}
 * @param parameters JSON schema of the arguments; "" for none
 */
public record Tool(String name, String json, String parameters) {}
