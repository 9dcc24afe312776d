package dev.troupe.model.kernel.parallel;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * What tasks have used and the next ones use again, so that nothing is allocated once there is enough. Lock-free; for
 * objects that take longer to make, or to collect, than to find.
 */
public final class Idle<T> {
    private static final int SLOTS = 64;

    private final AtomicReferenceArray<@Nullable T> slots = new AtomicReferenceArray<>(SLOTS);

    /** One that nobody else has from now on; null when there is none. */
    public @Nullable T take() {
        for (int i = 0; i < SLOTS; i++) {
            T found = slots.get(i);
            if (found != null && slots.compareAndSet(i, found, null)) {
                return found;
            }
        }
        return null;
    }

    /** Gives one back. More than there are places for are left to the collector. */
    public void give(T unused) {
        for (int i = 0; i < SLOTS; i++) {
            if (slots.get(i) == null && slots.compareAndSet(i, null, unused)) {
                return;
            }
        }
    }
}
