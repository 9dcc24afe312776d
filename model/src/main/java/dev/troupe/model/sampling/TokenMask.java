package dev.troupe.model.sampling;

/** Which tokens of a vocabulary may be drawn; tokens beyond it may not. Read only once it is made. */
public final class TokenMask {
    private final long[] bits;

    /** @param bits token t is bit t % 64 of word t / 64; not copied */
    public TokenMask(long[] bits) {
        this.bits = bits;
    }

    /** Whether a token may be drawn. */
    public boolean allows(int token) {
        int word = token >> 6;
        return word < bits.length && ((bits[word] >>> token) & 1) != 0;
    }

    /** Whether none may. */
    public boolean isEmpty() {
        for (long word : bits) {
            if (word != 0) {
                return false;
            }
        }
        return true;
    }

    /** How many may. */
    public int count() {
        int count = 0;
        for (long word : bits) {
            count += Long.bitCount(word);
        }
        return count;
    }
}
