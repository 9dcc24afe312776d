package dev.troupe.model.tensor;

import java.lang.foreign.MemorySegment;
import java.util.function.Supplier;

/** Memory that is taken in large parts and cut into pieces, one behind the other. Not thread-safe. */
public final class CutMemory {
    private MemorySegment free = MemorySegment.NULL; // the largest rest of a part

    /**
     * A piece of what is left, or of a new part when that is too little.
     *
     * @param bytes of the piece
     * @param part gives at least so many
     */
    public MemorySegment cut(long bytes, Supplier<MemorySegment> part) {
        boolean fits = bytes <= free.byteSize();
        MemorySegment from = fits ? free : part.get();
        MemorySegment rest = from.asSlice(bytes);
        if (fits || rest.byteSize() > free.byteSize()) {
            free = rest;
        }
        return from.asSlice(0, bytes);
    }
}
