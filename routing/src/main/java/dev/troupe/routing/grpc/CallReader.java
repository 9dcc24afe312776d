package dev.troupe.routing.grpc;

import dev.troupe.model.chat.ChatMessage;
import dev.troupe.model.grammar.JsonGrammar;
import dev.troupe.routing.generate.GenerationSettings;
import dev.troupe.routing.generate.Prompt;
import dev.troupe.routing.proto.ChatRequest;
import dev.troupe.routing.proto.GenerateRequest;
import dev.troupe.routing.proto.GenerationOptions;
import dev.troupe.routing.route.RequestFailure;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/** Reads the requests of the router service; a field out of range is a {@link RequestFailure} that names it. */
final class CallReader {
    private static final Set<String> ROLES = Set.of("system", "user", "assistant");

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
        return conversation(request.getMessagesList());
    }

    static Prompt conversation(List<dev.troupe.routing.proto.ChatMessage> list) {
        var messages = new ArrayList<ChatMessage>();
        for (var message : list) {
            if (!ROLES.contains(message.getRole())) {
                throw invalid(
                        "messages",
                        "The role of message " + messages.size() + " is '" + message.getRole()
                                + "'; it must be 'system', 'user' or 'assistant'.");
            }
            messages.add(new ChatMessage(message.getRole(), message.getContent()));
        }
        return new Prompt.Chat(List.copyOf(messages));
    }

    static GenerationSettings settings(GenerationOptions options, boolean echo) {
        if (options.hasLogProbs() && options.getLogProbs() < 0) {
            throw invalid("log_probs", "'log_probs' must not be negative; leave it out for none.");
        }
        return new GenerationSettings(
                options.hasMaxTokens() ? OptionalInt.of(options.getMaxTokens()) : OptionalInt.empty(),
                options.hasTemperature() ? options.getTemperature() : 1,
                options.getTopK(),
                options.hasTopP() ? options.getTopP() : 1,
                options.getMinP(),
                options.hasRepetitionPenalty() ? options.getRepetitionPenalty() : 1,
                options.getPresencePenalty(),
                options.getFrequencyPenalty(),
                options.getLogitBiasMap(),
                options.hasSeed() ? OptionalLong.of(options.getSeed()) : OptionalLong.empty(),
                options.getStopList(),
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
