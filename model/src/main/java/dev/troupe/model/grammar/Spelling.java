package dev.troupe.model.grammar;

import dev.troupe.model.tokenizer.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The bytes that the tokens of a vocabulary stand for in a grammar: those of their text. A special token that is a mark
 * has no text; it stands for a byte that UTF-8 never has, so that it comes where the grammar wants a mark, and not
 * within a text that is spelled the same. Tokens with such bytes of their own can be part of no text and stand for
 * nothing.
 */
public final class Spelling {
    /** UTF-8 has no byte from here on. */
    private static final int FIRST_MARK = 0xF8;

    private static final int NUM_BYTES = 256;
    private static final byte[] NOTHING = {};

    private final Tokenizer tokenizer;
    private final Map<String, Byte> marks = new TreeMap<>();
    private final Map<Integer, Byte> markTokens = new TreeMap<>();
    private final BitSet alphabet = new BitSet(NUM_BYTES);

    private Spelling(Tokenizer tokenizer, List<String> marks) {
        if (marks.size() > NUM_BYTES - FIRST_MARK) {
            throw new IllegalArgumentException(
                    marks.size() + " marks; at most " + (NUM_BYTES - FIRST_MARK) + " are supported");
        }
        this.tokenizer = tokenizer;
        for (String mark : marks) {
            int value = FIRST_MARK + this.marks.size();
            tokenizer.specialToken(mark).ifPresent(token -> {
                this.marks.put(mark, (byte) value);
                markTokens.put(token, (byte) value);
            });
        }
        for (int token = 0; token < tokenizer.vocabSize(); token++) {
            byte[] bytes = of(token);
            if (bytes.length == 1) {
                alphabet.set(bytes[0] & 0xFF);
            }
        }
    }

    /**
     * The spelling of a vocabulary: looks at every token.
     *
     * @param marks that forms of answers may have, at most eight
     */
    public static Spelling of(Tokenizer tokenizer, List<String> marks) {
        return new Spelling(tokenizer, marks);
    }

    /** What a token stands for; empty when it can be part of no text. Not to be changed. */
    byte[] of(int token) {
        Byte mark = markTokens.get(token);
        if (mark != null) {
            return new byte[] {mark};
        }
        byte[] bytes = tokenizer.tokenBytes(token);
        for (byte b : bytes) {
            if ((b & 0xFF) >= FIRST_MARK) {
                return NOTHING;
            }
        }
        return bytes;
    }

    /** What a mark is in the text of an answer. */
    byte[] ofMark(String text) {
        return Optional.ofNullable(marks.get(text))
                .map(mark -> new byte[] {mark})
                .orElseGet(() -> text.getBytes(StandardCharsets.UTF_8));
    }

    int vocabSize() {
        return tokenizer.vocabSize();
    }

    /** Bytes that are tokens of their own: texts of these alone never come to a place where no token fits. */
    BitSet alphabet() {
        return alphabet;
    }
}
