package dev.troupe.model.tokenizer;

import dev.troupe.model.TroupeException;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;

/**
 * One id per distinct code point of the training text, in code point order: nanoGPT's character-level tokenizer
 * (https://github.com/karpathy/nanoGPT, data/shakespeare_char). It has no special tokens, and text with a character
 * that the training text lacks cannot be encoded.
 */
public final class CharTokenizer implements Tokenizer {
    /** Sorted; the id is the index. */
    private final int[] codePoints;

    private CharTokenizer(int[] codePoints) {
        this.codePoints = codePoints;
    }

    /** The tokenizer of all characters in a text. Throws a {@link TroupeException} when there are none. */
    public static CharTokenizer train(String text) {
        return of(text.codePoints().toArray());
    }

    /** The tokenizer of some code points, in any order. */
    static CharTokenizer of(int[] codePoints) {
        int[] sorted = Arrays.stream(codePoints).sorted().distinct().toArray();
        if (sorted.length == 0) {
            throw new TroupeException("a character vocabulary needs at least one character: the text is empty");
        }
        return new CharTokenizer(sorted);
    }

    @Override
    public int vocabSize() {
        return codePoints.length;
    }

    /** Ids, one a code point. Throws a {@link TroupeException} that names a character outside the vocabulary. */
    @Override
    public int[] encode(String text) {
        return text.codePoints().map(this::id).toArray();
    }

    @Override
    public int[] encode(byte[] bytes) {
        return encode(new String(bytes, StandardCharsets.UTF_8));
    }

    private int id(int codePoint) {
        int id = Arrays.binarySearch(codePoints, codePoint);
        if (id < 0) {
            throw new TroupeException(String.format(
                    "the character '%s' (U+%04X) isn't in this model's vocabulary of %d characters:"
                            + " leave it out, or use a model with a byte-level tokenizer",
                    Character.toString(codePoint), codePoint, codePoints.length));
        }
        return id;
    }

    @Override
    public byte[] decodeBytes(int[] ids) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(ids.length);
        for (int id : ids) {
            out.writeBytes(tokenBytes(id));
        }
        return out.toByteArray();
    }

    @Override
    public byte[] tokenBytes(int id) {
        return spelling(id).getBytes(StandardCharsets.UTF_8);
    }

    /** The character of an id. */
    String spelling(int id) {
        return Character.toString(codePoints[Objects.checkIndex(id, codePoints.length)]);
    }

    @Override
    public Optional<Integer> specialToken(String token) {
        return Optional.empty();
    }

    @Override
    public int endOfText() {
        return NO_TOKEN;
    }

    @Override
    public Optional<Integer> beginOfText() {
        return Optional.empty();
    }
}
