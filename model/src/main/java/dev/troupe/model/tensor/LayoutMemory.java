package dev.troupe.model.tensor;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * Where a weight comes to lie as kernels read it: new memory of an arena, or a file to which an earlier load of the
 * same weight has written it. Thread-safe.
 */
public interface LayoutMemory {
    /** Owns what is made anew, and takes what is not kept in any file. */
    TensorArena arena();

    /**
     * A layout of the weight.
     *
     * @param form which of its layouts, and all that decides its bytes beside the weight, such as "panels.q8_0"
     * @param bytes of the layout
     * @param writer fills zeroed memory with it, and says whether the weight can be laid out so; not asked where the
     *     layout is there already
     * @return aligned to 64 bytes, not to be written to; empty when the writer says no
     */
    Optional<MemorySegment> layIfFit(String form, long bytes, Predicate<MemorySegment> writer);

    /**
     * Who fills a layout once the model answers, in place of its maker; what the layout is made of stays readable then.
     * Empty where it is filled at once.
     */
    default Optional<Consumer<LateLayout>> later() {
        return Optional.empty();
    }

    /** As {@link #layIfFit}, of a layout that every weight can have. */
    default MemorySegment lay(String form, long bytes, Consumer<MemorySegment> writer) {
        return layIfFit(form, bytes, memory -> {
                    writer.accept(memory);
                    return true;
                })
                .orElseThrow();
    }
}
