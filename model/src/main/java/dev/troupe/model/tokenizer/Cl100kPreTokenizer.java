package dev.troupe.model.tokenizer;

/**
 * GPT-4's pattern, which Llama 3 took over, and Qwen 2's, which differs in one thing: numbers are cut into single
 * digits instead of groups of up to three. Contractions ignore case, a word takes any one character that is no letter,
 * number or line end before it, and symbols take the line ends after them.
 */
final class Cl100kPreTokenizer implements PreTokenizer {
    private final String name;
    private final int maxDigits;

    Cl100kPreTokenizer(String name, int maxDigits) {
        this.name = name;
        this.maxDigits = maxDigits;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String pattern() {
        return "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
                + (maxDigits == 1 ? "" : "{1," + maxDigits + "}")
                + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    }

    @Override
    public int next(byte[] utf8, int from, int to) {
        int contraction = Scan.contraction(utf8, from, to);
        if (contraction > from) {
            return contraction;
        }
        int at = Scan.at(utf8, from, to);
        int kind = at >> 3;
        int second = from + (at & 7);
        if ((kind & CharClass.LETTER) != 0) {
            return Scan.run(utf8, second, to, CharClass.LETTER);
        }
        if (kind == CharClass.NUMBER) {
            return Scan.digits(utf8, from, to, maxDigits);
        }
        if (kind != CharClass.NEWLINE) {
            int word = Scan.run(utf8, second, to, CharClass.LETTER);
            if (word > second) {
                return word;
            }
        }
        int symbols = Scan.run(utf8, utf8[from] == ' ' ? second : from, to, CharClass.SYMBOL);
        if (symbols > (utf8[from] == ' ' ? second : from)) {
            return Scan.run(utf8, symbols, to, CharClass.NEWLINE);
        }
        int lines = Scan.lines(utf8, from, to);
        return lines > 0 ? lines : Scan.whiteSpace(utf8, from, to);
    }
}
