package dev.troupe.model.chat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.troupe.model.TroupeException;
import dev.troupe.model.jinja.JinjaTemplate;
import dev.troupe.model.tokenizer.Tokenizer;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The Jinja template that came with a model, or the two: one may be for conversations with tools. It is given what
 * Hugging Face's {@code apply_chat_template} gives: messages, tools, {@code add_generation_prompt} and the special
 * tokens. What the template writes itself may be special tokens; what messages and tools say is encoded as text, also
 * where it is spelled like one.
 */
final class ModelTemplate implements ChatTemplate {
    static final String NAME = "model";

    /** Reads decimals as Python does. */
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /** Those that were parsed, which takes as long as a short prompt on its way: a few, whatever models come and go. */
    private static final Map<TemplateTexts, ModelTemplate> PARSED = new ConcurrentHashMap<>();

    private static final int MOST_PARSED = 32;

    private final JinjaTemplate template;
    private final String sourceForTools;
    private final Optional<ToolFormat> format;
    private volatile @Nullable JinjaTemplate templateForTools; // parsed when there are tools for the first time

    private ModelTemplate(TemplateTexts texts) {
        String main = texts.main().orElseThrow();
        template = JinjaTemplate.parse(main);
        sourceForTools = texts.forTools().orElse(main);
        templateForTools = texts.forTools().isPresent() ? null : template;
        format = sourceForTools.contains("tools") ? Optional.of(ToolFormat.of(sourceForTools)) : Optional.empty();
    }

    /**
     * The template that runs a model's own ones.
     *
     * @param texts with a default
     * @throws dev.troupe.model.jinja.JinjaException that names the line of what is not understood in that
     */
    static ModelTemplate of(TemplateTexts texts) {
        if (PARSED.size() >= MOST_PARSED) {
            PARSED.clear();
        }
        return PARSED.computeIfAbsent(texts, ModelTemplate::new);
    }

    private JinjaTemplate forTools() {
        JinjaTemplate parsed = templateForTools;
        if (parsed == null) {
            parsed = JinjaTemplate.parse(sourceForTools);
            templateForTools = parsed;
        }
        return parsed;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public boolean isModelsOwn() {
        return true;
    }

    @Override
    public Optional<ToolFormat> toolFormat() {
        return format;
    }

    @Override
    public int[] prompt(List<ChatMessage> messages, Tokenizer tokenizer) {
        return prompt(Conversation.of(messages), tokenizer);
    }

    @Override
    public int[] prompt(Conversation conversation, Tokenizer tokenizer) {
        SpecialMarks marks = new SpecialMarks(tokenizer);
        Map<String, @Nullable Object> values = new LinkedHashMap<>();
        List<@Nullable Object> messages = new ArrayList<>();
        conversation.messages().forEach(message -> messages.add(message(message, marks)));
        values.put("messages", messages);
        if (!conversation.tools().isEmpty()) {
            List<@Nullable Object> tools = new ArrayList<>();
            conversation
                    .tools()
                    .forEach(tool -> tools.add(value(json(tool.json(), "the tool '" + tool.name() + "'"), marks)));
            values.put("tools", tools);
        }
        values.put("add_generation_prompt", true);
        tokenizer.beginOfText().flatMap(tokenizer::specialSpelling).ifPresent(text -> values.put("bos_token", text));
        tokenizer.specialSpelling(tokenizer.endOfText()).ifPresent(text -> values.put("eos_token", text));
        JinjaTemplate chosen = conversation.tools().isEmpty() ? template : forTools();
        String text = chosen.render(values, LocalDateTime.now(ZoneId.systemDefault()));
        return marks.encode(text + conversation.answerStart());
    }

    private Map<String, @Nullable Object> message(ChatMessage message, SpecialMarks marks) {
        Map<String, @Nullable Object> values = new LinkedHashMap<>();
        values.put("role", message.role());
        values.put("content", marks.asText(message.content()));
        if (!message.toolCalls().isEmpty()) {
            List<@Nullable Object> calls = new ArrayList<>();
            for (ToolCall call : message.toolCalls()) {
                Map<String, @Nullable Object> function = new LinkedHashMap<>();
                function.put("name", marks.asText(call.name()));
                function.put("arguments", arguments(call, marks));
                Map<String, @Nullable Object> described = new LinkedHashMap<>();
                described.put("id", marks.asText(shownId(call.id())));
                described.put("type", "function");
                described.put("function", function);
                calls.add(described);
            }
            values.put("tool_calls", calls);
        }
        if (!message.toolCallId().isEmpty()) {
            values.put("tool_call_id", marks.asText(shownId(message.toolCallId())));
        }
        if (!message.name().isEmpty()) {
            values.put("name", marks.asText(message.name()));
        }
        return values;
    }

    private String shownId(String id) {
        return format.map(known -> known.shownId(id)).orElse(id);
    }

    /** An object; else the text itself: a model's mistake is part of the conversation in which it is told of it. */
    private static @Nullable Object arguments(ToolCall call, SpecialMarks marks) {
        try {
            JsonNode arguments = JSON.readTree(call.arguments());
            if (arguments.isObject()) {
                return value(arguments, marks);
            }
        } catch (JsonProcessingException _) { // as where it is JSON of another type
        }
        return marks.asText(call.arguments());
    }

    private static JsonNode json(String text, String what) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new TroupeException(what + " are not valid JSON: " + e.getOriginalMessage(), e);
        }
    }

    private static @Nullable Object value(JsonNode node, SpecialMarks marks) {
        return switch (node.getNodeType()) {
            case OBJECT -> {
                Map<String, @Nullable Object> map = new LinkedHashMap<>();
                node.properties()
                        .forEach(entry -> map.put(marks.asText(entry.getKey()), value(entry.getValue(), marks)));
                yield map;
            }
            case ARRAY -> {
                List<@Nullable Object> list = new ArrayList<>();
                node.forEach(item -> list.add(value(item, marks)));
                yield list;
            }
            case STRING -> marks.asText(node.textValue());
            case BOOLEAN -> node.booleanValue();
            case NUMBER ->
                node.isIntegralNumber() && node.canConvertToLong()
                        ? (Object) node.longValue()
                        : (Object) node.doubleValue();
            default -> null;
        };
    }
}
