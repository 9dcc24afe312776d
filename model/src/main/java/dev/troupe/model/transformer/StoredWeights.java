package dev.troupe.model.transformer;

import dev.troupe.model.tensor.LayoutMemory;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.util.Optional;

/**
 * Weights by the names of {@link ParameterLayout}, each in the type in which it is stored. What it gives is read-only
 * and may be used until it, or the arena that was passed, is closed.
 */
public interface StoredWeights {
    /**
     * A weight.
     *
     * @param scratch for rows that have to be brought into order
     * @throws dev.troupe.model.TroupeException when there is none of this name
     */
    StoredTensor get(String name, TensorArena scratch);

    /**
     * The same, in pages of a file that stay readable as long as the result is in use, and that take no memory until
     * they are read; empty where this is not from a file.
     */
    default Optional<LastingTensor> lasting(String name) {
        return Optional.empty();
    }

    /**
     * Says that a weight was read and will hardly be again: where it is from a file, its pages leave this process's
     * memory. What {@link #get} gave stays readable.
     */
    default void forget(String name) {}

    /**
     * Where the layout of a matrix of these weights comes to lie.
     *
     * @param matrix a name that says which rows of which weights it has
     * @param arena for what is laid out now
     */
    default LayoutMemory layoutMemory(String matrix, TensorArena arena) {
        return arena;
    }

    /**
     * Who fills layouts of these weights once the model answers, where that is not done at once: they are made of
     * {@linkplain #lasting what stays readable} then.
     */
    default Optional<LateFiller> later() {
        return Optional.empty();
    }

    /** The type that a weight is stored in. */
    StorageType type(String name);

    /** A float32 copy of a weight, of the given shape. */
    default Tensor floats(String name, TensorArena arena, int... shape) {
        Tensor copy = arena.allocate(shape);
        try (TensorArena scratch = TensorArena.open("weights.scratch")) {
            get(name, scratch).read(copy.segment());
        }
        return copy;
    }
}
