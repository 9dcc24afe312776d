package dev.troupe.model.data;

import dev.troupe.model.tokenizer.Tokenizer;
import java.util.Optional;

/** A tokenizer that cannot encode. */
final class BrokenTokenizer implements Tokenizer {
    @Override
    public int vocabSize() {
        return 10;
    }

    @Override
    public int[] encode(String text) {
        throw new IllegalStateException("broken");
    }

    @Override
    public int[] encode(byte[] bytes) {
        throw new IllegalStateException("broken");
    }

    @Override
    public byte[] decodeBytes(int[] ids) {
        return new byte[ids.length];
    }

    @Override
    public Optional<Integer> specialToken(String token) {
        return Optional.empty();
    }

    @Override
    public int endOfText() {
        return 0;
    }

    @Override
    public Optional<Integer> beginOfText() {
        return Optional.empty();
    }
}
