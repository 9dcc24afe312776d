package dev.troupe.model.gguf;

import dev.troupe.model.tensor.StorageType;
import java.util.List;

/**
 * A tensor of a file, already checked against it.
 *
 * @param shape row-major, the innermost dimension last: [rows, columns] of a matrix (a file has them the other way
 *     round)
 * @param offset of its first byte from the start of the data
 */
public record GgufTensor(String name, StorageType type, List<Integer> shape, long offset) {
    public GgufTensor {
        shape = List.copyOf(shape);
    }

    /** Number of elements. */
    public long size() {
        return shape.stream().mapToLong(Integer::longValue).reduce(1, Math::multiplyExact);
    }

    /** Bytes of its data, without padding. */
    public long bytes() {
        return type.bytes(size());
    }
}
