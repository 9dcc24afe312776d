package dev.troupe.gpu.memory;

import dev.troupe.model.TroupeException;
import java.util.Map;
import java.util.TreeMap;

/**
 * Which ranges of a device's heap are in use: first fit over free ranges, neighbours joined when freed. Not
 * thread-safe.
 */
final class DeviceHeap {
    /** Ranges start on multiples of this many elements (256 bytes), as memory transactions like it. */
    static final int ALIGNMENT = 64;

    private final int capacity;
    private final TreeMap<Integer, Integer> free = new TreeMap<>(); // start to length
    private long used;

    DeviceHeap(int capacity) {
        this.capacity = capacity / ALIGNMENT * ALIGNMENT;
        free.put(0, this.capacity);
    }

    /** Elements in use, rounded up to whole alignments. */
    long used() {
        return used;
    }

    /**
     * The start of a range of {@code elements}.
     *
     * @throws TroupeException when no free range is as long
     */
    int allocate(long elements) {
        long needed = rounded(elements);
        Map.Entry<Integer, Integer> range = free.firstEntry();
        while (range != null && range.getValue() < needed) {
            range = free.higherEntry(range.getKey());
        }
        if (range != null) {
            int start = range.getKey();
            int length = range.getValue();
            free.remove(start);
            if (length > needed) {
                free.put(start + (int) needed, length - (int) needed);
            }
            used += needed;
            return start;
        }
        throw new TroupeException("the device's heap has no room for " + needed * Float.BYTES + " bytes: "
                + used * Float.BYTES + " of " + (long) capacity * Float.BYTES + " are in use");
    }

    /** Frees what {@link #allocate} gave for as many elements. */
    void free(int start, long elements) {
        int length = (int) rounded(elements);
        used -= length;
        int from = start;
        Map.Entry<Integer, Integer> before = free.floorEntry(start);
        if (before != null && before.getKey() + before.getValue() == start) {
            from = before.getKey();
            length += before.getValue();
        }
        Integer after = free.remove(start + (int) rounded(elements));
        if (after != null) {
            length += after;
        }
        free.put(from, length);
    }

    private static long rounded(long elements) {
        return Math.max(1, (elements + ALIGNMENT - 1) / ALIGNMENT) * ALIGNMENT;
    }
}
