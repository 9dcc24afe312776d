package dev.troupe.model.data;

import dev.troupe.model.tokenizer.Tokenizer;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** A byte is a token, 256 ends a document: enough of a tokenizer to follow every byte through the pipeline. */
record ByteTokenizer(int vocabSize) implements Tokenizer {
    static final int END = 256;

    ByteTokenizer() {
        this(257);
    }

    @Override
    public int[] encode(String text) {
        return encode(text.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public int[] encode(byte[] bytes) {
        int[] ids = new int[bytes.length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = Byte.toUnsignedInt(bytes[i]);
        }
        return ids;
    }

    @Override
    public byte[] decodeBytes(int[] ids) {
        var bytes = new ByteArrayOutputStream();
        for (int id : ids) {
            if (id < END) {
                bytes.write(id);
            }
        }
        return bytes.toByteArray();
    }

    @Override
    public Optional<Integer> specialToken(String token) {
        return token.equals("<|endoftext|>") ? Optional.of(END) : Optional.empty();
    }

    @Override
    public int endOfText() {
        return END;
    }

    @Override
    public Optional<Integer> beginOfText() {
        return Optional.empty();
    }
}
