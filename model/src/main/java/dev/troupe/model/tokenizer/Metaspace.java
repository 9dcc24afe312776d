package dev.troupe.model.tokenizer;

/**
 * What a SentencePiece-like tokenizer does about spaces besides spelling them "▁": the normalizer {@code Prepend} and
 * the pre-tokenizer {@code Metaspace} of tokenizer.json.
 *
 * @param prefix where a "▁" is put before text
 * @param splitsWords each "▁" opens a piece of its own, so that nothing merges across it
 */
record Metaspace(Prefix prefix, boolean splitsWords) {
    /** Where a "▁" is put before text. A stretch is what lies between two added tokens, or an end of the text. */
    enum Prefix {
        /** Nowhere. */
        NEVER,
        /** Before every stretch, one that begins with a space too: {@code Prepend}, and llama.cpp. */
        PREPEND,
        /** Before every stretch that does not begin with a space. */
        ALWAYS,
        /** Before the stretch that the text begins with, unless it begins with a space. */
        FIRST
    }

    /** As Llama's files and llama.cpp have it, or without the prefix. */
    static Metaspace llama(boolean prepends) {
        return new Metaspace(prepends ? Prefix.PREPEND : Prefix.NEVER, false);
    }

    /** Whether any text gets a prefix, which decoding takes away. */
    boolean prepends() {
        return prefix != Prefix.NEVER;
    }

    /** Whether the stretch of a text from {@code from} to {@code to} gets a prefix. */
    boolean prepends(byte[] text, int from, int to) {
        return switch (prefix) {
            case NEVER -> false;
            case PREPEND -> true;
            case ALWAYS -> !startsWithSpace(text, from, to);
            case FIRST -> from == 0 && !startsWithSpace(text, from, to);
        };
    }

    private static boolean startsWithSpace(byte[] text, int from, int to) {
        int codePoint = Utf8.decode(text, from, to) >> 3;
        return codePoint == ' ' || codePoint == SentencePieceBpe.SPACE;
    }
}
