package dev.troupe.model.tokenizer;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.Arrays;

/**
 * Steps through bytes that are meant to be UTF-8. Ill-formed bytes are single units of their own, so that a scanner
 * never loses one.
 */
final class Utf8 {
    /** The code point that stands for one ill-formed byte. */
    static final int REPLACEMENT = 0xFFFD;

    private Utf8() {}

    /**
     * The code point at {@code from} and its length in bytes, packed as {@code codePoint << 3 | length}; an ill-formed
     * or cut sequence is U+FFFD of length 1. Overlong forms, surrogates and code points above U+10FFFF are ill-formed
     * (Unicode 16, table 3-7).
     */
    static int decode(byte[] bytes, int from, int to) {
        int b0 = bytes[from];
        if (b0 >= 0) {
            return (b0 << 3) | 1;
        }
        int lead = b0 & 0xFF;
        int length = length(lead);
        if (length < 2 || from + length > to) {
            return (REPLACEMENT << 3) | 1;
        }
        int b1 = bytes[from + 1] & 0xFF;
        if (!isSecond(lead, b1)) {
            return (REPLACEMENT << 3) | 1;
        }
        int codePoint = length == 2 ? lead & 0x1F : length == 3 ? lead & 0x0F : lead & 0x07;
        codePoint = (codePoint << 6) | (b1 & 0x3F);
        for (int i = 2; i < length; i++) {
            int b = bytes[from + i];
            if ((b & 0xC0) != 0x80) {
                return (REPLACEMENT << 3) | 1;
            }
            codePoint = (codePoint << 6) | (b & 0x3F);
        }
        return (codePoint << 3) | length;
    }

    /** The bytes in Unicode's form NFC; as they are where they are no UTF-8. */
    static byte[] nfc(byte[] bytes, int from, int to) {
        boolean ascii = true;
        for (int i = from; i < to && ascii; i++) {
            ascii = bytes[i] >= 0;
        }
        if (!ascii) {
            try {
                String text = StandardCharsets.UTF_8
                        .newDecoder()
                        .decode(ByteBuffer.wrap(bytes, from, to - from))
                        .toString();
                return Normalizer.normalize(text, Normalizer.Form.NFC).getBytes(StandardCharsets.UTF_8);
            } catch (CharacterCodingException e) {
                return Arrays.copyOfRange(bytes, from, to); // no text, so it has no form
            }
        }
        return from == 0 && to == bytes.length ? bytes : Arrays.copyOfRange(bytes, from, to);
    }

    /**
     * The text of bytes, U+FFFD for each maximal part that is no character, as Unicode recommends (chapter 3.9) and
     * Python and Rust do. {@code new String} differs in one point, a surrogate's three bytes as one U+FFFD instead of
     * three, which a decoder that sees the bytes one by one could not follow.
     */
    static String text(byte[] bytes, int from, int to) {
        int surrogate = surrogate(bytes, from, to);
        if (surrogate == to) {
            return new String(bytes, from, to - from, StandardCharsets.UTF_8);
        }
        StringBuilder text = new StringBuilder(to - from);
        int start = from;
        while (surrogate < to) {
            // Cut after the lead byte: what follows is continuation bytes without one.
            text.append(new String(bytes, start, surrogate + 1 - start, StandardCharsets.UTF_8));
            start = surrogate + 1;
            surrogate = surrogate(bytes, start, to);
        }
        return text.append(new String(bytes, start, to - start, StandardCharsets.UTF_8))
                .toString();
    }

    /** Where the bytes of a surrogate begin, else {@code to}. */
    private static int surrogate(byte[] bytes, int from, int to) {
        for (int i = from; i + 1 < to; i++) {
            if (bytes[i] == (byte) 0xED && (bytes[i + 1] & 0xE0) == 0xA0) {
                return i;
            }
        }
        return to;
    }

    /** Bytes in the character that this lead byte opens; 0 when no character starts so. */
    static int length(int lead) {
        if (lead < 0x80) {
            return 1;
        }
        if (lead < 0xC2) {
            return 0;
        }
        return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
    }

    /** Whether a byte may follow the lead byte of a character of two to four bytes. */
    static boolean isSecond(int lead, int second) {
        return switch (lead) {
            case 0xE0 -> second >= 0xA0 && second <= 0xBF;
            case 0xED -> second >= 0x80 && second <= 0x9F;
            case 0xF0 -> second >= 0x90 && second <= 0xBF;
            case 0xF4 -> second >= 0x80 && second <= 0x8F;
            default -> second >= 0x80 && second <= 0xBF;
        };
    }
}
