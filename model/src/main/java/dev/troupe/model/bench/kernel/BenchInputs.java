package dev.troupe.model.bench.kernel;

import dev.troupe.model.kernel.quantized.Quantization;
import dev.troupe.model.sampling.CounterRandom;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.lang.foreign.MemorySegment;

/** Inputs of measurements. */
final class BenchInputs {
    private BenchInputs() {}

    private static final int DIFFERENT_ROWS = 32; // of a stored weight: finding scales takes long

    /** A weight [n, k] in a type, as in a file. */
    static MemorySegment stored(TensorArena arena, StorageType type, int n, int k) {
        MemorySegment rows = arena.allocateBytes(n * type.bytes(k));
        long part = DIFFERENT_ROWS * type.bytes(k);
        Tensor numbers = random(arena, DIFFERENT_ROWS, k);
        Quantization.write(type, numbers.size(), numbers.readOnlySegment(), rows.asSlice(0, part));
        for (long at = part; at < rows.byteSize(); at += part) {
            MemorySegment.copy(rows, 0, rows, at, part);
        }
        return rows;
    }

    /** Numbers between -0.5 and 0.5, the same in each run. */
    static Tensor random(TensorArena arena, int... shape) {
        Tensor tensor = arena.allocate(shape);
        for (long i = 0; i < tensor.size(); i++) {
            tensor.set(i, (float) (CounterRandom.uniform(1, 0, i) - 0.5));
        }
        return tensor;
    }
}
