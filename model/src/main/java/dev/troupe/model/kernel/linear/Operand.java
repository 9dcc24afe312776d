package dev.troupe.model.kernel.linear;

import dev.troupe.model.tensor.Tensor;

/**
 * A matrix of activations or of gradients [R, columns] as the products of the provider that made it read it: float32,
 * or rounded to bf16. It is read by the methods of {@link LinearProducts}.
 */
public interface Operand {
    int columns();

    /**
     * Where to write float32 rows before {@link LinearProducts#store} takes them: the operand's own memory when that is
     * float32, or else {@code staging}.
     */
    Tensor target(Tensor staging);
}
