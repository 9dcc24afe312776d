package dev.troupe.model.chat;

import dev.troupe.model.TroupeException;
import dev.troupe.model.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.stream.IntStream;

/** A prompt that is put together of marks, which are special tokens, and of text, which never is. */
final class Marked {
    private final Tokenizer tokenizer;
    private final StringBuilder pending = new StringBuilder();
    private int[] ids;

    /** Begins with the token that a sequence must begin with. */
    Marked(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
        this.ids = tokenizer.beginOfText().stream().mapToInt(Integer::intValue).toArray();
    }

    /** Adds text; text that follows on text is encoded together with it. */
    Marked text(String text) {
        pending.append(text);
        return this;
    }

    /** Adds a special token. */
    Marked mark(String token) {
        int id = tokenizer
                .specialToken(token)
                .orElseThrow(() -> new TroupeException("this chat template needs the token '" + token
                        + "', which the model's vocabulary does not have: choose another chatTemplate"));
        flush();
        append(id);
        return this;
    }

    private void flush() {
        append(tokenizer.encode(pending.toString()));
        pending.setLength(0);
    }

    private void append(int... more) {
        ids = IntStream.concat(Arrays.stream(ids), Arrays.stream(more)).toArray();
    }

    int[] ids() {
        flush();
        return ids;
    }
}
