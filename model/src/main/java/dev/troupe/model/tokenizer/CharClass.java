package dev.troupe.model.tokenizer;

/**
 * The Unicode classes that pre-tokenizer patterns name, one bit each, so that a pattern's set is a mask. ASCII and the
 * basic plane are tables; supplementary characters ask {@link Character#getType(int)}.
 */
final class CharClass {
    /** Lu and Lt. */
    static final int UPPER = 1;
    /** Ll. */
    static final int LOWER = 2;
    /** Lm and Lo: letters without case. */
    static final int CASELESS = 4;
    /** Mn, Mc and Me. */
    static final int MARK = 8;
    /** Nd, Nl and No. */
    static final int NUMBER = 16;
    /** The property White_Space, except for carriage return and line feed. */
    static final int SPACE = 32;
    /** Carriage return and line feed. */
    static final int NEWLINE = 64;
    /** Everything else, ill-formed bytes included. */
    static final int OTHER = 128;

    /** {@code \p{L}}. */
    static final int LETTER = UPPER | LOWER | CASELESS;
    /** {@code \s}. */
    static final int WHITE = SPACE | NEWLINE;
    /** {@code [^\s\p{L}\p{N}]}. */
    static final int SYMBOL = OTHER | MARK;

    private static final byte[] BASIC_PLANE = new byte[0x10000];

    static {
        for (int codePoint = 0; codePoint < BASIC_PLANE.length; codePoint++) {
            BASIC_PLANE[codePoint] = (byte) compute(codePoint);
        }
    }

    private CharClass() {}

    /** The class bit of a code point. */
    static int of(int codePoint) {
        return codePoint < 0x10000 ? BASIC_PLANE[codePoint] & 0xFF : compute(codePoint);
    }

    /** The class bit of a byte below 0x80. */
    static int ofAscii(int b) {
        return BASIC_PLANE[b] & 0xFF;
    }

    private static int compute(int codePoint) {
        if (codePoint == '\r' || codePoint == '\n') {
            return NEWLINE;
        }
        if (isWhiteSpace(codePoint)) {
            return SPACE;
        }
        return switch (Character.getType(codePoint)) {
            case Character.UPPERCASE_LETTER, Character.TITLECASE_LETTER -> UPPER;
            case Character.LOWERCASE_LETTER -> LOWER;
            case Character.MODIFIER_LETTER, Character.OTHER_LETTER -> CASELESS;
            case Character.NON_SPACING_MARK, Character.COMBINING_SPACING_MARK, Character.ENCLOSING_MARK -> MARK;
            case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> NUMBER;
            default -> OTHER;
        };
    }

    /** The property White_Space, which no method of {@link Character} is. */
    private static boolean isWhiteSpace(int codePoint) {
        return (codePoint >= 0x09 && codePoint <= 0x0D)
                || codePoint == 0x20
                || codePoint == 0x85
                || codePoint == 0xA0
                || codePoint == 0x1680
                || (codePoint >= 0x2000 && codePoint <= 0x200A)
                || codePoint == 0x2028
                || codePoint == 0x2029
                || codePoint == 0x202F
                || codePoint == 0x205F
                || codePoint == 0x3000;
    }
}
