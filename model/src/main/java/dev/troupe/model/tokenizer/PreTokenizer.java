package dev.troupe.model.tokenizer;

/**
 * Cuts text into the pieces that byte-pair merges never cross. Implementations are scanners written by hand for one
 * published pattern: stateless, thread-safe, and total over any bytes (an ill-formed UTF-8 byte counts as a symbol).
 */
public interface PreTokenizer {
    /** Short name, such as "gpt2". */
    String name();

    /** The pattern that this scanner follows, as tokenizer.json files spell it. */
    String pattern();

    /**
     * The end of the piece that starts at {@code from}.
     *
     * @param utf8 the text
     * @param from start of the piece, below {@code to}
     * @param to end of the text
     * @return a position in {@code (from, to]}
     */
    int next(byte[] utf8, int from, int to);
}
