package dev.troupe.model.chat;

import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The Jinja templates that come with a model, by name. Most models have one, the default; some have another for
 * conversations with tools, which {@code apply_chat_template} then takes.
 */
public record TemplateTexts(Map<String, String> byName) {
    /** Of the template for conversations without tools. */
    public static final String DEFAULT = "default";

    /** Of the one for conversations with tools. */
    public static final String TOOL_USE = "tool_use";

    /** A model without any. */
    public static final TemplateTexts NONE = new TemplateTexts(Map.of());

    public TemplateTexts {
        byName = Collections.unmodifiableMap(new TreeMap<>(byName));
    }

    /** A model with one. */
    public static TemplateTexts of(String text) {
        return new TemplateTexts(Map.of(DEFAULT, text));
    }

    /** The default; empty where there is none, or nothing in it. */
    public Optional<String> main() {
        return Optional.ofNullable(byName.get(DEFAULT)).filter(text -> !text.isBlank());
    }

    /** The one for tools, where that is another than the default. */
    public Optional<String> forTools() {
        return Optional.ofNullable(byName.get(TOOL_USE)).filter(text -> !text.isBlank());
    }
}
