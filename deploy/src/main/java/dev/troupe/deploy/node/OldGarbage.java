package dev.troupe.deploy.node;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryNotificationInfo;
import java.lang.management.MemoryPoolMXBean;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.management.NotificationEmitter;

/**
 * Has the JVM's serial collector collect what is old before that takes more memory. By itself it lets the old
 * generation grow up to the heap's limit, a quarter of the machine's memory, before it looks for garbage there: a node
 * under load, which promotes some 0.1 MB each second, would be GBs larger after a day. Other collectors do that by
 * themselves. One collection takes 60 to 70 ms, and comes after minutes of load; the JVM then gives back what it has
 * too much ({@code -XX:MaxHeapFreeRatio}).
 */
final class OldGarbage {
    /** Of the serial collector alone. */
    private static final String POOL = "Tenured Gen";

    /** Bytes that a node may have before its first collection: what it is loaded with is less, or garbage. */
    private static final long FIRST_LIMIT = 28L << 20;

    /** Bytes of garbage that a collection is worth at least. */
    private static final long LEAST_GARBAGE = 16L << 20;

    /** Before a collection: a model that is being loaded, for whose first answer somebody waits, is then there. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private static final AtomicBoolean STARTED = new AtomicBoolean();

    private final MemoryPoolMXBean pool;
    private final Duration patience;
    private final AtomicBoolean collecting = new AtomicBoolean();

    private OldGarbage(MemoryPoolMXBean pool, Duration patience) {
        this.pool = pool;
        this.patience = patience;
    }

    /** Begins, once a process; does nothing with another collector than the serial one. */
    static void collectInTime() {
        if (STARTED.compareAndSet(false, true)) {
            collectInTime(PATIENCE, FIRST_LIMIT);
        }
    }

    /** @param firstLimit bytes of what is old before the first collection */
    static void collectInTime(Duration patience, long firstLimit) {
        ManagementFactory.getMemoryPoolMXBeans().stream()
                .filter(pool -> pool.getName().equals(POOL) && pool.isUsageThresholdSupported())
                .forEach(pool -> new OldGarbage(pool, patience).watch(firstLimit));
    }

    private void watch(long firstLimit) {
        NotificationEmitter emitter = (NotificationEmitter) ManagementFactory.getMemoryMXBean();
        emitter.addNotificationListener(
                (_, _) -> collectLater(),
                notification -> notification.getType().equals(MemoryNotificationInfo.MEMORY_THRESHOLD_EXCEEDED),
                null);
        pool.setUsageThreshold(firstLimit);
    }

    private void collectLater() {
        if (collecting.compareAndSet(false, true)) {
            Thread.ofPlatform().daemon().name("troupe-old-garbage").start(this::collect);
        }
    }

    private void collect() {
        try {
            Thread.sleep(patience);
            System.gc();
            pool.setUsageThreshold(limit(pool.getCollectionUsage().getUsed()));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt(); // the process ends
        } finally {
            collecting.set(false);
        }
    }

    /** Bytes at which it is worth to look again: a collection takes as long as there is much that is no garbage. */
    static long limit(long live) {
        return live + Math.max(LEAST_GARBAGE, live / 2);
    }
}
