package dev.troupe.model.kernel;

import dev.troupe.model.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Size checks at the entry of every kernel. Kernels compute addresses themselves, so a wrong shape must end here as an
 * exception and never as a crash of the virtual machine.
 */
public final class KernelArguments {
    private KernelArguments() {}

    /** Requires at least {@code size} elements. */
    public static void requireSize(String name, Tensor tensor, long size) {
        if (size < 0 || tensor.size() < size) {
            throw new IllegalArgumentException(
                    name + " has " + tensor.size() + " elements, the kernel reads or writes " + size);
        }
        if (!tensor.isAlive()) {
            throw new IllegalStateException(name + " belongs to an arena that is closed");
        }
    }

    /** Requires a matrix of {@code rows} rows of {@code columns} elements, {@code stride} apart. */
    public static void requireMatrix(String name, Tensor tensor, int rows, int columns, int stride) {
        // Names are put together only when they are needed: a token has some thousand of these checks.
        if (rows < 0 || columns < 0) {
            throw new IllegalArgumentException(name + " is negative: [" + rows + ", " + columns + "]");
        }
        if (stride < columns) {
            throw new IllegalArgumentException(
                    name + " has rows of " + columns + " elements only " + stride + " apart");
        }
        requireSize(name, tensor, rows == 0 ? 0 : (rows - 1L) * stride + columns);
    }

    /**
     * Requires what a product with a weight W [n, k] reads and writes.
     *
     * @param weight where its provider keeps it
     */
    public static void requireWeightProduct(
            int n, int k, MemorySegment weight, int m, Tensor a, int lda, @Nullable Tensor bias, Tensor c, int ldc) {
        requireMatrix("a", a, m, k, lda);
        requireMatrix("c", c, m, n, ldc);
        if (bias != null) {
            requireSize("bias", bias, n);
        }
        if (!weight.scope().isAlive()) {
            throw new IllegalStateException("the weight belongs to an arena that is closed");
        }
    }

    /** Requires a count of zero or more. */
    public static void requireCount(String name, long count) {
        if (count < 0) {
            throw new IllegalArgumentException(name + " is negative: " + count);
        }
    }

    /** Requires {@code 0 <= from <= to}. */
    public static void requireRange(long from, long to) {
        if (from < 0 || to < from) {
            throw new IllegalArgumentException("not a range: [" + from + ", " + to + ")");
        }
    }

    /** Requires the first {@code count} numbers to be in [from, to). */
    public static void requireIndices(String name, int[] indices, int count, int from, long to) {
        if (indices.length < count) {
            throw new IllegalArgumentException(name + " has " + indices.length + " entries, the kernel reads " + count);
        }
        for (int i = 0; i < count; i++) {
            if (indices[i] < from || indices[i] >= to) {
                throw new IllegalArgumentException(
                        name + "[" + i + "] = " + indices[i] + " is not in [" + from + ", " + to + ")");
            }
        }
    }
}
