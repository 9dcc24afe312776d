package dev.troupe.model.tokenizer;

/** GPT-2's pattern: contractions, then words, numbers and symbols with at most one space before, then white space. */
final class Gpt2PreTokenizer implements PreTokenizer {
    static final String PATTERN = "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

    @Override
    public String name() {
        return "gpt2";
    }

    @Override
    public String pattern() {
        return PATTERN;
    }

    @Override
    public int next(byte[] utf8, int from, int to) {
        int first = utf8[from];
        if (first == '\'') {
            int end = contraction(utf8, from + 1, to);
            if (end > 0) {
                return end;
            }
        }
        int start = first == ' ' && from + 1 < to ? from + 1 : from;
        int at = Scan.at(utf8, start, to);
        int kind = at >> 3;
        int rest = start + (at & 7);
        if ((kind & CharClass.LETTER) != 0) {
            return Scan.run(utf8, rest, to, CharClass.LETTER);
        }
        if ((kind & CharClass.SYMBOL) != 0) {
            return Scan.run(utf8, rest, to, CharClass.SYMBOL);
        }
        if (kind == CharClass.NUMBER) {
            return Scan.run(utf8, rest, to, CharClass.NUMBER);
        }
        return Scan.whiteSpace(utf8, from, to);
    }

    /** The end of s, d, m, t, ll, ve or re at {@code position}, else -1. */
    private static int contraction(byte[] utf8, int position, int to) {
        if (position >= to) {
            return -1;
        }
        int b = utf8[position];
        if (b == 's' || b == 'd' || b == 'm' || b == 't') {
            return position + 1;
        }
        if (position + 1 >= to) {
            return -1;
        }
        int second = utf8[position + 1];
        boolean two = b == 'l' ? second == 'l' : (b == 'v' || b == 'r') && second == 'e';
        return two ? position + 2 : -1;
    }
}
