package dev.troupe.model.data;

import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.tokenizer.TokenizerJson;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** The digest that says by which tokenizer tokens were made. */
public final class TokenizerFingerprint {
    private TokenizerFingerprint() {}

    /** SHA-256 of the tokenizer.json that Troupe writes for a tokenizer, in 64 hexadecimal digits. */
    public static String of(Tokenizer tokenizer) {
        byte[] json = TokenizerJson.toJson(tokenizer).getBytes(StandardCharsets.UTF_8);
        return HexFormat.of().formatHex(Sha256.of(json));
    }
}
