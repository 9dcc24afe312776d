package dev.troupe.routing.grpc;

import dev.troupe.model.TroupeException;
import dev.troupe.model.chat.ChatMessage;
import dev.troupe.model.chat.Tool;
import dev.troupe.model.chat.ToolCall;
import dev.troupe.model.grammar.JsonGrammar;
import dev.troupe.routing.generate.GenerationSettings;
import dev.troupe.routing.generate.Prompt;
import dev.troupe.routing.generate.ToolUse;
import dev.troupe.routing.generate.ToolUse.Mode;
import dev.troupe.routing.proto.ChatRequest;
import dev.troupe.routing.proto.GenerateRequest;
import dev.troupe.routing.proto.GenerationOptions;
import dev.troupe.routing.route.RequestFailure;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/** Reads the requests of the router service; a field out of range is a {@link RequestFailure} that names it. */
final class CallReader {
    private static final Set<String> ROLES = Set.of("system", "user", "assistant", "tool");

    private CallReader() {}

    static Prompt prompt(GenerateRequest request) {
        return switch (request.getPromptCase()) {
            case TEXT -> new Prompt.Text(request.getText());
            case TOKENS -> new Prompt.Tokens(List.copyOf(request.getTokens().getIdsList()));
            case PROMPT_NOT_SET -> throw invalid("prompt", "Give a prompt: 'text' or 'tokens'.");
        };
    }

    static Prompt prompt(ChatRequest request) {
        if (request.getMessagesCount() == 0) {
            throw invalid("messages", "'messages' is empty: give at least one message.");
        }
        return new Prompt.Chat(messages(request.getMessagesList()), tools(request));
    }

    private static ToolUse tools(ChatRequest request) {
        try {
            var tools = request.getToolsList().stream()
                    .map(tool -> Tool.function(tool.getName(), tool.getDescription(), tool.getParameters()))
                    .toList();
            boolean parallel = !request.hasParallelToolCalls() || request.getParallelToolCalls();
            return switch (request.getToolChoice()) {
                case "", "auto" -> new ToolUse(tools, Mode.AUTO, "", parallel);
                case "none" -> ToolUse.NONE;
                case "required" -> new ToolUse(tools, Mode.REQUIRED, request.getToolFunction(), parallel);
                case String other ->
                    throw invalid(
                            "tool_choice",
                            "'tool_choice' is '" + other + "'; it must be 'auto', 'none' or 'required'.");
            };
        } catch (TroupeException e) {
            throw invalid("tools", String.valueOf(e.getMessage()));
        }
    }

    static Prompt conversation(List<dev.troupe.routing.proto.ChatMessage> list) {
        return new Prompt.Chat(messages(list));
    }

    private static List<ChatMessage> messages(List<dev.troupe.routing.proto.ChatMessage> list) {
        var messages = new ArrayList<ChatMessage>();
        for (var message : list) {
            if (!ROLES.contains(message.getRole())) {
                throw invalid(
                        "messages",
                        "The role of message " + messages.size() + " is '" + message.getRole()
                                + "'; it must be 'system', 'user', 'assistant' or 'tool'.");
            }
            var calls = message.getToolCallsList().stream()
                    .map(call -> ToolCall.of(call.getId(), call.getName(), call.getArguments()))
                    .toList();
            messages.add(new ChatMessage(
                    message.getRole(), message.getContent(), calls, message.getToolCallId(), message.getName()));
        }
        return messages;
    }

    static GenerationSettings settings(GenerationOptions options, boolean echo) {
        if (options.hasLogProbs() && options.getLogProbs() < 0) {
            throw invalid("log_probs", "'log_probs' must not be negative; leave it out for none.");
        }
        return new GenerationSettings(
                options.hasMaxTokens() ? OptionalInt.of(options.getMaxTokens()) : OptionalInt.empty(),
                options.hasTemperature() ? OptionalDouble.of(options.getTemperature()) : OptionalDouble.empty(),
                options.hasTopK() ? OptionalInt.of(options.getTopK()) : OptionalInt.empty(),
                options.hasTopP() ? OptionalDouble.of(options.getTopP()) : OptionalDouble.empty(),
                options.hasMinP() ? OptionalDouble.of(options.getMinP()) : OptionalDouble.empty(),
                options.hasRepetitionPenalty()
                        ? OptionalDouble.of(options.getRepetitionPenalty())
                        : OptionalDouble.empty(),
                options.getPresencePenalty(),
                options.getFrequencyPenalty(),
                options.getLogitBiasMap(),
                options.hasSeed() ? OptionalLong.of(options.getSeed()) : OptionalLong.empty(),
                options.getStopList(),
                options.getStopTokenIdsList(),
                options.hasLogProbs() ? options.getLogProbs() : -1,
                options.hasChoices() ? options.getChoices() : 1,
                echo,
                schema(options));
    }

    /** The schema of the answer; "" for none. */
    private static String schema(GenerationOptions options) {
        return switch (options.getFormatCase()) {
            case JSON_OBJECT -> options.getJsonObject() ? JsonGrammar.ANY_OBJECT : "";
            case JSON_SCHEMA -> options.getJsonSchema();
            case FORMAT_NOT_SET -> "";
        };
    }

    private static RequestFailure invalid(String field, String message) {
        return new RequestFailure(RequestFailure.Kind.INVALID, message, field);
    }
}
