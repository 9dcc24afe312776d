package dev.troupe.model.data;

/**
 * A bijection of [0, size) that a seed picks, computed element by element in constant memory: a balanced Feistel
 * network over the next power of four, with cycle walking for the elements outside (Black and Rogaway, "Ciphers with
 * arbitrary finite domains", CT-RSA 2002). An element walks less than four steps on average.
 */
final class Permutation {
    private static final int ROUNDS = 8;

    private final long size;
    private final int halfBits;
    private final long halfMask;
    private final long[] roundKeys = new long[ROUNDS];

    Permutation(long size, long seed) {
        if (size < 1) {
            throw new IllegalArgumentException("a permutation of " + size + " elements");
        }
        this.size = size;
        int bits = Long.SIZE - Long.numberOfLeadingZeros(size - 1);
        this.halfBits = Math.max(1, (bits + 1) / 2);
        this.halfMask = (1L << halfBits) - 1;
        for (int round = 0; round < ROUNDS; round++) {
            roundKeys[round] = Mix.hash(seed, round);
        }
    }

    /** Where element {@code index} goes. */
    long apply(long index) {
        if (index < 0 || index >= size) {
            throw new IndexOutOfBoundsException(index + " of " + size);
        }
        long value = index;
        do {
            value = encrypt(value);
        } while (value >= size);
        return value;
    }

    private long encrypt(long value) {
        long left = value >>> halfBits;
        long right = value & halfMask;
        for (long key : roundKeys) {
            long next = left ^ (Mix.hash(key, right) & halfMask);
            left = right;
            right = next;
        }
        return left << halfBits | right;
    }
}
