package dev.troupe.model.tokenizer;

/** Cuts every number character off by itself, then what lies between them as GPT-2 does. */
final class SingleDigits implements PreTokenizer {
    @Override
    public String name() {
        return "smollm";
    }

    /** What the two steps come to with GPT-2's pattern: no tokenizer.json spells them as one. */
    @Override
    public String pattern() {
        return "'s|'t|'re|'ve|'m|'ll|'d|\\p{N}| ?\\p{L}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?![^\\s\\p{N}])|\\s+";
    }

    @Override
    public int next(byte[] utf8, int from, int to) {
        int at = Scan.at(utf8, from, to);
        if (at >> 3 == CharClass.NUMBER) {
            return from + (at & 7);
        }
        int all = CharClass.LETTER | CharClass.MARK | CharClass.WHITE | CharClass.OTHER;
        return PreTokenizers.GPT2.next(utf8, from, Scan.run(utf8, from, to, all));
    }
}
