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
    private static final AddedTokens NONE = new AddedTokens(Map.of());

    /** Those that begin with each byte, longest first. */
    private final List<List<Token>> byFirst = new ArrayList<>(256);

    private final boolean empty;

    @SuppressWarnings("ArrayRecordComponent") // private, never compared
    private record Token(byte[] bytes, int id) {}

    /** Takes a stretch of text between tokens; never empty. */
    @FunctionalInterface
    interface Stretch {
        void accept(int from, int to);
    }

    private AddedTokens(Map<String, Integer> ids) {
        for (int b = 0; b < 256; b++) {
            byFirst.add(new ArrayList<>());
        }
        ids.forEach((spelling, id) -> {
            byte[] bytes = spelling.getBytes(StandardCharsets.UTF_8);
            if (bytes.length > 0) {
                byFirst.get(bytes[0] & 0xFF).add(new Token(bytes, id));
            }
        });
        byFirst.forEach(list -> list.sort((a, b) -> Integer.compare(b.bytes().length, a.bytes().length)));
        empty = byFirst.stream().allMatch(List::isEmpty);
    }

    static AddedTokens of(Map<String, Integer> ids) {
        return ids.isEmpty() ? NONE : new AddedTokens(ids);
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
            if (at > from) {
                stretch.accept(from, at);
            }
            token.accept(found.id());
            at += found.bytes().length;
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
