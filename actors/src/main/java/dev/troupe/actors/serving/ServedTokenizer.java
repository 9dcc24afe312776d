package dev.troupe.actors.serving;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.tokenizer.TokenizerJson;
import org.jspecify.annotations.Nullable;

/**
 * A served model's tokenizer: itself where the model was loaded, its text on the way to another node. Either is made of
 * the other when somebody asks for it, once: for a vocabulary of a hundred thousand tokens that takes a good part of a
 * second. Thread-safe.
 */
public final class ServedTokenizer {
    private @Nullable Tokenizer tokenizer;
    private @Nullable String json;

    private ServedTokenizer(@Nullable Tokenizer tokenizer, @Nullable String json) {
        this.tokenizer = tokenizer;
        this.json = json;
    }

    /** One that was loaded here. */
    public static ServedTokenizer of(Tokenizer tokenizer) {
        return new ServedTokenizer(tokenizer, null);
    }

    /**
     * One that was loaded on another node.
     *
     * @param json as {@link TokenizerJson#toWire} writes it
     */
    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    public static ServedTokenizer parsed(String json) {
        return new ServedTokenizer(null, json);
    }

    /**
     * The tokenizer.
     *
     * @throws dev.troupe.model.TroupeException when the text is not one's
     */
    public synchronized Tokenizer tokenizer() {
        if (tokenizer == null) {
            tokenizer = TokenizerJson.parse(json());
        }
        return tokenizer;
    }

    /** Its text. */
    @JsonValue
    public synchronized String json() {
        if (json == null) {
            json = TokenizerJson.toWire(tokenizer());
        }
        return json;
    }

    /** Two with the same text are equal. */
    @Override
    public boolean equals(@Nullable Object other) {
        return this == other || (other instanceof ServedTokenizer its && json().equals(its.json()));
    }

    @Override
    public int hashCode() {
        return json().hashCode();
    }

    @Override
    public String toString() {
        return "a tokenizer"; // whose text is megabytes long
    }
}
