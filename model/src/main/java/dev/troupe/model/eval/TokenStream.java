package dev.troupe.model.eval;

/** Tokens at positions from 0 on. */
interface TokenStream {
    long tokens();

    /** Copies {@code length} tokens from {@code position} on. */
    void copy(long position, int[] into, int offset, int length);
}
