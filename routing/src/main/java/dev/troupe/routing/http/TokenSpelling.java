package dev.troupe.routing.http;

import dev.troupe.model.tokenizer.Tokenizer;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/**
 * Tokens as log-probabilities name them. One that is a part of a character is spelled by its bytes, as OpenAI does: as
 * text all such tokens would be the same.
 */
final class TokenSpelling {
    private static final HexFormat HEX = HexFormat.ofDelimiter("\\x").withPrefix("");

    private TokenSpelling() {}

    /** A special token's name, a token's text, or {@code \xe4\xb8} of what is no text, behind {@code mark}. */
    static String of(Tokenizer tokenizer, int token, String mark) {
        return tokenizer.specialSpelling(token).orElseGet(() -> of(tokenizer.tokenBytes(token), mark));
    }

    private static String of(byte[] bytes, String mark) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            return mark + "\\x" + HEX.formatHex(bytes);
        }
    }
}
