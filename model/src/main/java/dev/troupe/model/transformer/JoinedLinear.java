package dev.troupe.model.transformer;

import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import java.util.List;

/**
 * Parts of one linear layer in types of their own: in many files the values' matrix has more bits than those of queries
 * and keys. Each part writes its columns of Y.
 */
record JoinedLinear(List<ServedLinear> parts, int n) implements ServedLinear {
    JoinedLinear {
        parts = List.copyOf(parts);
    }

    @Override
    public int k() {
        return parts.getFirst().k();
    }

    /** That of the first part. */
    @Override
    public StorageType type() {
        return parts.getFirst().type();
    }

    @Override
    public long bytes() {
        return parts.stream().mapToLong(ServedLinear::bytes).sum();
    }

    @Override
    public void multiply(int rows, Tensor x, Tensor y, int stride, boolean accumulate) {
        int from = 0;
        for (ServedLinear part : parts) {
            part.multiply(rows, x, columns(y, from), stride, accumulate);
            from += part.n();
        }
    }

    @Override
    public void multiplyPrompt(int rows, Tensor x, Tensor y, int stride, boolean accumulate) {
        int from = 0;
        for (ServedLinear part : parts) {
            part.multiplyPrompt(rows, x, columns(y, from), stride, accumulate);
            from += part.n();
        }
    }

    private static Tensor columns(Tensor y, int from) {
        return y.view(from, Math.toIntExact(y.size() - from));
    }
}
