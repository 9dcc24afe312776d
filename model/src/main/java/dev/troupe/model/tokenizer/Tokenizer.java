package dev.troupe.model.tokenizer;

import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Text to token ids and back. Implementations are immutable and thread-safe. */
public interface Tokenizer {
    /** What {@link #endOfText()} returns when the vocabulary has no such token. */
    int NO_TOKEN = -1;

    /** Number of ids; all are below it. */
    int vocabSize();

    /**
     * Ids of a text. Text that looks like a special token is encoded as plain text: only code that means a special
     * token puts one in.
     */
    int[] encode(String text);

    /** Ids of UTF-8 (or any) bytes; {@code decodeBytes(encode(b))} gives b back for a byte-level tokenizer. */
    int[] encode(byte[] bytes);

    /** The bytes of ids; special tokens give none. */
    byte[] decodeBytes(int[] ids);

    /**
     * The bytes that one id stands for in the middle of a text (none for a special token): what a stream of generated
     * tokens appends. Differs from {@code decodeBytes} of that id alone where a tokenizer marks the start of a text.
     */
    default byte[] tokenBytes(int id) {
        return decodeBytes(new int[] {id});
    }

    /** The text of ids; bytes that are no UTF-8 become U+FFFD. */
    default String decode(int[] ids) {
        byte[] bytes = decodeBytes(ids);
        return Utf8.text(bytes, 0, bytes.length);
    }

    /** The id of a special token such as "&lt;|endoftext|&gt;", when the vocabulary has it. */
    Optional<Integer> specialToken(String token);

    /** Ids of all special tokens by their spelling. */
    default Map<String, Integer> specialTokens() {
        return Map.of();
    }

    /** How a special token is spelled; empty for other ids. */
    default Optional<String> specialSpelling(int id) {
        return Optional.empty();
    }

    /**
     * The id that ends a document and a generation, or {@link #NO_TOKEN} for a vocabulary without one (characters):
     * then documents just follow each other and a generation ends by length only.
     */
    int endOfText();

    /** Ids that end an answer: {@link #endOfText}, and those that end a turn in a chat. */
    default Set<Integer> endTokens() {
        return endOfText() == NO_TOKEN ? Set.of() : Set.of(endOfText());
    }

    /**
     * Ids of a text that comes from a chat template: what is spelled like a special token is one. Never for text that a
     * user wrote alone.
     */
    default int[] encodeMarkup(String text) {
        return encode(text);
    }

    /** The token that a sequence must begin with when the model was trained so (Llama's "&lt;s&gt;"), else empty. */
    Optional<Integer> beginOfText();
}
