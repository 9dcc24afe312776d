package dev.troupe.actors.serving.engine;

import com.sun.management.OperatingSystemMXBean;
import dev.troupe.model.TroupeException;
import java.lang.management.ManagementFactory;

/**
 * Memory that weights and the key-value cache, with the rows of a step, may take on one node:
 * {@code troupe.serving.memory}. The system maps more than it has, and ends a process that uses it; so what is needed
 * is compared before it is allocated.
 *
 * @param bytes most
 * @param says whose limit it is, behind "more than the ... bytes"
 */
public record ServingMemory(long bytes, String says) {
    /** Heap, classes, code and buffers of a node under load (docs/performance-serving.md, "Memory of a node"). */
    private static final long OF_THE_NODE = 512L << 20;

    /** Without one of its own: what the machine or container has, less what the node itself takes. */
    public static final ServingMemory OF_MACHINE = ofMachine();

    /**
     * The configured limit.
     *
     * @param configured bytes; 0 for {@link #OF_MACHINE}
     */
    public static ServingMemory of(long configured) {
        return configured == 0 ? OF_MACHINE : new ServingMemory(configured, "that troupe.serving.memory allows");
    }

    private static ServingMemory ofMachine() {
        long total =
                ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
        return new ServingMemory(
                Math.max(total / 2, total - OF_THE_NODE), "that this machine or container has beside the node itself");
    }

    /**
     * What weights leave for the cache.
     *
     * @param what the weights are of
     * @throws TroupeException when they are more than all; it says what can be done
     */
    public long beside(long weightBytes, Object what) {
        require(weightBytes, 0, what);
        return bytes - weightBytes;
    }

    /**
     * Compares what is needed with what there is.
     *
     * @param cacheBytes of keys and values, and of a step's rows
     * @param what it is needed for
     * @throws TroupeException when it is more; it says what can be done
     */
    public void require(long weightBytes, long cacheBytes, Object what) {
        if (weightBytes + cacheBytes > bytes) {
            String cache = cacheBytes == 0 ? "" : " and " + cacheBytes + " for keys, values and the rows of a step";
            throw new TroupeException(what + " needs " + weightBytes + " bytes of memory for weights" + cache
                    + ", more than the " + bytes + " " + says
                    + ": round its weights (--weights q8_0 or q4_0), or serve it from more nodes, each with a part of it"
                    + " (--config split, troupe.serving.replica)");
        }
    }
}
