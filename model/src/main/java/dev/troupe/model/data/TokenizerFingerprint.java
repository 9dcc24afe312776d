package dev.troupe.model.data;

import dev.troupe.model.tokenizer.Tokenizer;

/** The digest that says by which tokenizer tokens were made. */
public final class TokenizerFingerprint {
    private TokenizerFingerprint() {}

    /** SHA-256 of the bytes of every id, in 64 hexadecimal digits. */
    public static String of(Tokenizer tokenizer) {
        var digest = new Sha256().addLong(tokenizer.vocabSize()).addLong(tokenizer.endOfText());
        for (int id = 0; id < tokenizer.vocabSize(); id++) {
            digest.addBytes(tokenizer.decodeBytes(new int[] {id}));
        }
        return digest.hex();
    }
}
