package dev.troupe.routing.stream;

import dev.troupe.model.tokenizer.StreamingDecoder;
import dev.troupe.model.tokenizer.Tokenizer;
import java.util.List;

/**
 * Where the tokens of an echoed prompt are in its text.
 *
 * @param tokens of the prompt
 * @param offsets of each token's text, in UTF-16 units from the beginning of the answer
 */
public record PromptPlaces(List<Integer> tokens, List<Integer> offsets) {
    /** Of a prompt that is not scored. */
    public static final PromptPlaces NONE = new PromptPlaces(List.of(), List.of());

    /**
     * The places in a text.
     *
     * @param text that the tokens were made of
     */
    public static PromptPlaces of(Tokenizer tokenizer, List<Integer> tokens, String text) {
        var decoder = new StreamingDecoder(tokenizer);
        int[] ends = new int[tokens.size() + 1];
        for (int i = 0; i < tokens.size(); i++) {
            ends[i + 1] = ends[i] + decoder.append(tokens.get(i)).length();
        }
        // Some tokenizers put a space before the text, which the text has not.
        int added = ends[tokens.size()] + decoder.flush().length() - text.length();
        var offsets = new Integer[tokens.size()];
        for (int i = 0; i < offsets.length; i++) {
            offsets[i] = Math.clamp(ends[i] - Math.max(0, added), 0, text.length());
        }
        return new PromptPlaces(List.copyOf(tokens), List.of(offsets));
    }

    int size() {
        return tokens.size();
    }

    int token(int index) {
        return tokens.get(index);
    }

    int offset(int index) {
        return offsets.get(index);
    }
}
