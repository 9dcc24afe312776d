package dev.troupe.model.kernel.cache;

import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Bytes of the caches of data that a thread has: products choose how much they pack and keep at once by them. Results
 * have the same bits whatever these sizes are.
 *
 * @param first of the cache nearest to a core
 * @param middle a core's share of the next one
 * @param outer of the last one, which all threads share
 */
public record CacheSizes(long first, long middle, long outer) {
    private static final Logger LOG = LoggerFactory.getLogger(CacheSizes.class);
    private static final long KIB = 1 << 10;
    private static final long MIB = 1 << 20;

    /** Where nobody says how large they are: like a current processor of a server. */
    public static final CacheSizes DEFAULT = new CacheSizes(32 * KIB, MIB, 32 * MIB);

    /** Where a virtual machine shows the whole of its host's cache, or another's cores work beside ours. */
    private static final long MOST_EIGHTH = 4 * MIB;

    /** Where the outer cache is the only one beside a small inner one. */
    private static final long LEAST_EIGHTH = 64 * KIB;

    /** What is read once. */
    private static final class Machine {
        private static final CacheSizes SIZES =
                LinuxCaches.read(LinuxCaches.SYSTEM).orElse(DEFAULT);

        static {
            LOG.info("products are cut for {}", SIZES.summary());
        }
    }

    /** Three levels, or two where the outer one is the middle one too. */
    public CacheSizes {
        if (first <= 0 || middle <= 0 || outer <= 0) {
            throw new IllegalArgumentException(
                    "caches of " + first + ", " + middle + " and " + outer + " bytes cannot be");
        }
    }

    /** Those of this machine, as its operating system says; {@link #DEFAULT} where it does not. */
    public static CacheSizes machine() {
        return Machine.SIZES;
    }

    /**
     * A share of the outer cache, in eighths, so that what one operation keeps there leaves room for the others: no
     * more than of a cache of 32 MiB, beyond which nothing was gained.
     */
    public long ofOuter(int eighths) {
        return eighths * Math.clamp(outer / 8, LEAST_EIGHTH, MOST_EIGHTH);
    }

    /** For people. */
    public String summary() {
        return "caches of " + bytes(first) + ", " + bytes(middle) + " and " + bytes(outer) + ", " + bytes(ofOuter(1))
                + " of the last one at a time for each eighth";
    }

    private static String bytes(long count) {
        return count % MIB == 0
                ? count / MIB + " MiB"
                : String.format(Locale.ROOT, count % KIB == 0 ? "%.0f KiB" : "%.1f KiB", count / (double) KIB);
    }
}
