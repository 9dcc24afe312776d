package dev.troupe.model.data;

/**
 * Tokens side by side in a stream.
 *
 * @param position of the first
 * @param length how many
 */
public record TokenRange(long position, int length) {
    public TokenRange {
        if (position < 0 || length < 0) {
            throw new IllegalArgumentException(length + " tokens from position " + position);
        }
    }

    /** The position after the last. */
    public long end() {
        return Math.addExact(position, (long) length);
    }

    /** The number of tokens of all of them. */
    public static int tokens(Iterable<TokenRange> ranges) {
        int tokens = 0;
        for (TokenRange range : ranges) {
            tokens = Math.addExact(tokens, range.length());
        }
        return tokens;
    }
}
