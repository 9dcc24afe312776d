package dev.troupe.model.data;

import java.util.List;

/** Tokens at positions from 0 on. */
public interface TokenStream {
    /** How many there are. */
    long tokens();

    /** Copies {@code length} tokens from {@code position} on. */
    void copy(long position, int[] into, int offset, int length);

    /** Copies ranges one behind the other: at once, for a stream that is far away. */
    default void copy(List<TokenRange> ranges, int[] into) {
        int offset = 0;
        for (TokenRange range : ranges) {
            copy(range.position(), into, offset, range.length());
            offset += range.length();
        }
    }
}
