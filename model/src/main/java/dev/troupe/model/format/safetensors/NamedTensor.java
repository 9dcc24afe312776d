package dev.troupe.model.format.safetensors;

import dev.troupe.model.tensor.Tensor;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A tensor to be written.
 *
 * @param transposed write the matrix [n, m] as [m, n] (GPT-2's files hold their matrices as [in, out])
 */
public record NamedTensor(String name, Tensor tensor, boolean transposed) {
    public NamedTensor {
        if (transposed && tensor.rank() != 2) {
            throw new IllegalArgumentException("only a matrix can be transposed: " + name + " is " + tensor);
        }
    }

    /** A tensor written as it is. */
    public static NamedTensor of(String name, Tensor tensor) {
        return new NamedTensor(name, tensor, false);
    }

    /** The shape in the file. */
    List<Integer> shape() {
        if (transposed) {
            return List.of(tensor.dim(1), tensor.dim(0));
        }
        return IntStream.range(0, tensor.rank()).map(tensor::dim).boxed().toList();
    }
}
