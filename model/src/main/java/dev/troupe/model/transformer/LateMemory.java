package dev.troupe.model.transformer;

import dev.troupe.model.tensor.LateLayout;
import dev.troupe.model.tensor.LayoutMemory;
import dev.troupe.model.tensor.TensorArena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * Memory of layouts that may be filled later. The pages that a layout is made of leave this process's memory when it is
 * filled.
 *
 * @param sources what it is made of
 */
record LateMemory(TensorArena arena, List<LastingTensor> sources, LateFiller filler) implements LayoutMemory {
    @Override
    public Optional<MemorySegment> layIfFit(String form, long bytes, Predicate<MemorySegment> writer) {
        Optional<MemorySegment> laid = arena.layIfFit(form, bytes, writer);
        forget();
        return laid;
    }

    @Override
    public Optional<Consumer<LateLayout>> later() {
        return Optional.of(layout -> filler.add(layout, this::forget));
    }

    private void forget() {
        sources.forEach(LastingTensor::forget);
    }
}
