package dev.troupe.actors.serving.replica;

import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryUsage;
import java.util.Optional;

/**
 * Has the JVM's serial collector collect what is new while nobody waits for a first token. By itself it stops all
 * threads for 2 ms as soon as the room for new objects is used up, which is so after some twenty short requests, and a
 * quarter of the time while one is on its way to the engine, where much is made: so one first token of a hundred was
 * late by as much, while a token of an answer that goes on hardly is, beside its step.
 *
 * <p>No call collects what is new alone ({@link System#gc} takes what is old, too, and thirty times as long), so the
 * room that is left is used up here. Other collectors, which other machines have, are left alone.
 */
final class NewGarbage {
    private static final String POOL = "Eden Space";
    private static final String COLLECTOR = "Copy";

    /** Of the room: what is left then is enough for several short requests, and takes 0.3 ms to use up. */
    private static final double MUCH = 0.7;

    private static final int PIECE = 256 << 10;
    private static final byte[] NONE = {};
    private static final Optional<NewGarbage> OF_JVM = find();

    private final MemoryPoolMXBean pool;
    private final GarbageCollectorMXBean collector;
    private byte[] piece = NONE; // a field, so that the compiler cannot leave it out

    private NewGarbage(MemoryPoolMXBean pool, GarbageCollectorMXBean collector) {
        this.pool = pool;
        this.collector = collector;
    }

    /** Of this JVM, when it has the serial collector. */
    static Optional<NewGarbage> ofJvm() {
        return OF_JVM;
    }

    private static Optional<NewGarbage> find() {
        return ManagementFactory.getMemoryPoolMXBeans().stream()
                .filter(pool -> pool.getName().equals(POOL))
                .findFirst()
                .flatMap(pool -> ManagementFactory.getGarbageCollectorMXBeans().stream()
                        .filter(collector -> collector.getName().equals(COLLECTOR))
                        .findFirst()
                        .map(collector -> new NewGarbage(pool, collector)));
    }

    /** Collects, in 2 to 3 ms, unless most of the room is still free, which is seen in a microsecond. */
    void collectIfMuch() {
        MemoryUsage usage = pool.getUsage();
        if (usage.getUsed() < MUCH * usage.getCommitted()) {
            return;
        }
        long before = collector.getCollectionCount();
        long left = usage.getCommitted();
        while (left > 0 && collector.getCollectionCount() == before) {
            piece = new byte[PIECE];
            left -= piece.length;
        }
        piece = NONE;
    }
}
