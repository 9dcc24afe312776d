package dev.troupe.model.transformer;

import dev.troupe.model.tensor.MemoryCalls;
import java.lang.foreign.MemorySegment;

/**
 * A tensor in pages of a file that stay readable as long as this is in use.
 *
 * @param tensor whose bytes are part of {@code file}
 * @param file all of its mapping
 */
public record LastingTensor(StoredTensor tensor, MemorySegment file) {
    /** Takes its pages out of this process's memory: they are mapped again when they are next read. */
    void forget() {
        MemoryCalls.forget(file, tensor.bytes());
    }
}
