package dev.troupe.model.tokenizer;

/**
 * GPT-4o's pattern: words are cut where a lower-case letter is followed by an upper-case one, marks count as letters of
 * both cases, and a contraction belongs to its word.
 */
final class O200kPreTokenizer implements PreTokenizer {
    private static final int MAX_DIGITS = 3;

    /** {@code [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]}. */
    private static final int HEAD = CharClass.UPPER | CharClass.CASELESS | CharClass.MARK;
    /** {@code [\p{Ll}\p{Lm}\p{Lo}\p{M}]}. */
    private static final int TAIL = CharClass.LOWER | CharClass.CASELESS | CharClass.MARK;

    @Override
    public String name() {
        return "o200k";
    }

    @Override
    public String pattern() {
        String before = "[^\\r\\n\\p{L}\\p{N}]?";
        String head = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
        String tail = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
        String after = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?";
        return before + head + "*" + tail + "+" + after
                + "|" + before + head + "+" + tail + "*" + after
                + "|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    }

    @Override
    public int next(byte[] utf8, int from, int to) {
        int at = Scan.at(utf8, from, to);
        int kind = at >> 3;
        int second = from + (at & 7);
        int word = word(utf8, from, second, to, kind);
        if (word > 0) {
            return Scan.contraction(utf8, word, to);
        }
        if (kind == CharClass.NUMBER) {
            return Scan.digits(utf8, from, to, MAX_DIGITS);
        }
        int start = utf8[from] == ' ' ? second : from;
        int symbols = Scan.run(utf8, start, to, CharClass.SYMBOL);
        if (symbols > start) {
            return lineEndsAndSlashes(utf8, symbols, to);
        }
        int lines = Scan.lines(utf8, from, to);
        return lines > 0 ? lines : Scan.whiteSpace(utf8, from, to);
    }

    /** The two alternatives for words, each with and without a character before; -1 when none matches. */
    private static int word(byte[] utf8, int from, int second, int to, int kind) {
        boolean before = (kind & (CharClass.LETTER | CharClass.NUMBER | CharClass.NEWLINE)) == 0;
        int end = before ? headThenTail(utf8, second, to) : -1;
        if (end < 0) {
            end = headThenTail(utf8, from, to);
        }
        if (end < 0 && before) {
            int heads = Scan.run(utf8, second, to, HEAD);
            end = heads > second ? heads : -1;
        }
        if (end < 0) {
            int heads = Scan.run(utf8, from, to, HEAD);
            end = heads > from ? heads : -1;
        }
        return end;
    }

    /**
     * {@code HEAD*TAIL+}: all of HEAD and then the TAIL run after it; if there is none, HEAD gives back characters up
     * to its last one that is of TAIL too.
     */
    private static int headThenTail(byte[] utf8, int from, int to) {
        int tailEnd = -1;
        int i = from;
        while (i < to) {
            int at = Scan.at(utf8, i, to);
            if ((at >> 3 & HEAD) == 0) {
                break;
            }
            i += at & 7;
            tailEnd = (at >> 3 & TAIL) != 0 ? i : tailEnd;
        }
        int tails = Scan.run(utf8, i, to, TAIL);
        return tails > i ? tails : tailEnd;
    }

    private static int lineEndsAndSlashes(byte[] utf8, int from, int to) {
        int i = from;
        while (i < to && (utf8[i] == '\r' || utf8[i] == '\n' || utf8[i] == '/')) {
            i++;
        }
        return i;
    }
}
