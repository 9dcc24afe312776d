package dev.troupe.model.tokenizer;

import java.util.Random;
import java.util.random.RandomGenerator;

/** Seeded text that is unkind to tokenizers: mixed scripts, runs of white space, apostrophes, emoji, marks. */
final class RandomText {
    private static final String[] PARTS = {
        " ",
        "  ",
        "   ",
        "\n",
        "\r\n",
        "\n\n",
        "\t",
        "\u00A0",
        "\u2003",
        "\u3000",
        "\u0085",
        "'",
        "'s",
        "'ll",
        "'LL",
        "'re",
        "'\u017F",
        "the",
        " the",
        "The",
        "HELLO",
        "don't",
        "0",
        "1234567",
        " 42",
        "\u00BD",
        "\u2167",
        "\u0664",
        ".",
        "...",
        "!?",
        "/",
        "-",
        "=====",
        "\u00E9",
        "e\u0301",
        "stra\u00DFe",
        "\u01C5",
        "\u02B0",
        "\u4E16\u754C",
        "\u3053\u3093",
        "\u0645\u0631\u062D\u0628\u0627",
        "\u0E2A\u0E27\u0E31\u0E2A",
        "\u0438\u0437\u0431\u0430",
        "\uD83D\uDC4D",
        "\uD83D\uDC68\u200D\uD83D\uDC69",
        "\uD835\uDC00",
        "\uD801\uDC00",
        "\uD834\uDD65",
        "\uFFFD",
        "\u0000",
        "\u001C",
        "\u200B",
        "\u180E",
        "a",
        "B",
        "z9",
        "_",
        "$",
        "\u20AC"
    };

    private RandomText() {}

    static RandomGenerator random(long seed) {
        return new Random(seed);
    }

    /** Parts of the list above, code points of any plane now and then. */
    static String text(RandomGenerator random, int parts) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < parts; i++) {
            if (random.nextInt(8) == 0) {
                text.appendCodePoint(codePoint(random));
            } else {
                text.append(PARTS[random.nextInt(PARTS.length)]);
            }
        }
        return text.toString();
    }

    /** Any bytes, with stretches of ASCII and of UTF-8 lead and continuation bytes. */
    static byte[] bytes(RandomGenerator random, int length) {
        byte[] bytes = new byte[length];
        int bound = 256;
        int offset = 0;
        for (int i = 0; i < length; i++) {
            if (random.nextInt(6) == 0) {
                offset = new int[] {0, 0x20, 0x80, 0xC0, 0xE0, 0xF0}[random.nextInt(6)];
                bound = random.nextBoolean() ? 256 : 32;
            }
            bytes[i] = (byte) (offset + random.nextInt(bound));
        }
        return bytes;
    }

    private static int codePoint(RandomGenerator random) {
        while (true) {
            int codePoint = random.nextInt(random.nextBoolean() ? 0x3000 : Character.MAX_CODE_POINT + 1);
            if (codePoint < Character.MIN_SURROGATE || codePoint > Character.MAX_SURROGATE) {
                return codePoint;
            }
        }
    }
}
