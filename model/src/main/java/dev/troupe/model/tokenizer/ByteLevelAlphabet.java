package dev.troupe.model.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * GPT-2's printable stand-ins for bytes, in which tokenizer.json files spell tokens: printable Latin-1 characters stand
 * for themselves, the other 68 bytes for U+0100 and up, in order.
 */
final class ByteLevelAlphabet {
    private static final char[] CHARS = new char[256];
    /** Byte of each character below U+0144, or -1. */
    private static final int[] BYTES = new int[0x100 + 68];

    static {
        Arrays.fill(BYTES, -1);
        int next = 0x100;
        for (int b = 0; b < 256; b++) {
            CHARS[b] = (char) (isPrintable(b) ? b : next++);
            BYTES[CHARS[b]] = b;
        }
    }

    private ByteLevelAlphabet() {}

    private static boolean isPrintable(int b) {
        return (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
    }

    /** The spelling of a token's bytes. */
    static String spell(byte[] token) {
        char[] chars = new char[token.length];
        for (int i = 0; i < token.length; i++) {
            chars[i] = CHARS[token[i] & 0xFF];
        }
        return new String(chars);
    }

    /** The bytes of a spelling, or null when a character stands for no byte. */
    static byte @Nullable [] bytes(String spelling) {
        byte[] token = new byte[spelling.length()];
        for (int i = 0; i < token.length; i++) {
            char c = spelling.charAt(i);
            if (c >= BYTES.length || BYTES[c] < 0) {
                return null;
            }
            token[i] = (byte) BYTES[c];
        }
        return token;
    }

    /** The bytes of a spelling, or its UTF-8 when it isn't one (added tokens are spelled plainly). */
    static byte[] bytesOrUtf8(String spelling) {
        byte[] token = bytes(spelling);
        return token == null ? spelling.getBytes(StandardCharsets.UTF_8) : token;
    }
}
