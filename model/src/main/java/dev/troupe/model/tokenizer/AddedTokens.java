package dev.troupe.model.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/** Finds tokens that are whole in a text before anything else is done with it: the leftmost, of those the longest. */
final class AddedTokens {
    private static final AddedTokens NONE = new AddedTokens(Map.of(), Map.of());

    /** Those that begin with each byte, longest first. */
    private final List<List<Token>> byFirst = new ArrayList<>(256);

    private final boolean empty;

    @SuppressWarnings("ArrayRecordComponent") // private, never compared
    private record Token(byte[] bytes, int id, MatchRules rules) {}

    /** Takes a stretch of text between tokens; never empty. */
    @FunctionalInterface
    interface Stretch {
        void accept(int from, int to);
    }

    private AddedTokens(Map<String, Integer> ids, Map<String, MatchRules> rules) {
        for (int b = 0; b < 256; b++) {
            byFirst.add(new ArrayList<>());
        }
        ids.forEach((spelling, id) -> {
            byte[] bytes = spelling.getBytes(StandardCharsets.UTF_8);
            if (bytes.length > 0) {
                byFirst.get(bytes[0] & 0xFF).add(new Token(bytes, id, rules.getOrDefault(spelling, MatchRules.NONE)));
            }
        });
        byFirst.forEach(list -> list.sort((a, b) -> Integer.compare(b.bytes().length, a.bytes().length)));
        empty = byFirst.stream().allMatch(List::isEmpty);
    }

    /** @param rules of those tokens that have any */
    static AddedTokens of(Map<String, Integer> ids, Map<String, MatchRules> rules) {
        return ids.isEmpty() ? NONE : new AddedTokens(ids, rules);
    }

    /** Cuts a text into stretches and tokens, in their order. */
    void split(byte[] text, Stretch stretch, IntConsumer token) {
        int from = 0;
        for (int at = 0; !empty && at < text.length; ) {
            Token found = find(text, at);
            if (found == null) {
                at++;
                continue;
            }
            int end = at + found.bytes().length;
            if (!found.rules().admit(text, at, end)) {
                at = end; // none inside it is looked for, as Hugging Face's library does not
                continue;
            }
            int start = found.rules().start(text, from, at);
            if (start > from) {
                stretch.accept(from, start);
            }
            token.accept(found.id());
            at = found.rules().end(text, end);
            from = at;
        }
        if (from < text.length) {
            stretch.accept(from, text.length);
        }
    }

    private @Nullable Token find(byte[] text, int at) {
        for (Token token : byFirst.get(text[at] & 0xFF)) {
            int end = at + token.bytes().length;
            if (end <= text.length && Arrays.equals(text, at, end, token.bytes(), 0, token.bytes().length)) {
                return token;
            }
        }
        return null;
    }
}
