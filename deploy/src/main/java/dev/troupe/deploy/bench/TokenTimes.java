package dev.troupe.deploy.bench;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * When the tokens of one answer came, by {@link System#nanoTime}. The room for them is there before the answer begins:
 * to keep a time costs one write.
 */
final class TokenTimes {
    private final long[] times;
    private int count;
    private long last;

    /** For so many tokens; what comes after them, such as the end of a stream, is no token. */
    TokenTimes(int numTokens) {
        times = new long[numTokens];
    }

    /** So many tokens came together. */
    void came(long now, int numTokens) {
        last = now;
        int end = Math.min(times.length, count + numTokens);
        Arrays.fill(times, count, end, now);
        count = end;
    }

    /** Tokens that came. */
    int count() {
        return count;
    }

    long first() {
        return times[0];
    }

    /** When something of the answer came last. */
    long last() {
        return last;
    }

    /** How many tokens there should be. */
    int numTokens() {
        return times.length;
    }

    /** From each token to the next; 0 for those that came together. */
    List<Long> gaps() {
        return IntStream.range(1, count).mapToObj(i -> times[i] - times[i - 1]).toList();
    }
}
