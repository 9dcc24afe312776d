package dev.troupe.model.kernel.int8;

import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.quantized.WeightRows;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.util.Arrays;
import java.util.SplittableRandom;

/** Compares a product with the reference, bit for bit, before anything is served with it. */
public final class Int8Check {
    private static final long SEED = 20261126;

    /** Tiles of several sizes, with ends. */
    private static final int M = 67;

    private static final int N = 201;
    private static final int K = 133;

    private Int8Check() {}

    /** Whether a small product has the reference's bits; a few hundredths of a second. */
    public static boolean passes(Int8Product product, ComputePool pool) {
        try (TensorArena arena = TensorArena.open("int8.check")) {
            Tensor a = numbers(1, M, arena);
            Int8Weight w = Int8Weight.pack(
                    WeightRows.of(StorageType.F32, N, K, numbers(2, N, arena).readOnlySegment()), pool, arena);
            Tensor expected = arena.allocate(M, N);
            Tensor actual = arena.allocate(M, N);
            new ScalarInt8Product().multiply(M, a, K, w, null, expected, N, false);
            product.multiply(M, a, K, w, null, actual, N, false);
            return Arrays.equals(expected.toArray(), actual.toArray());
        }
    }

    /** Rows of K, the first two of them the greatest numbers of one sign: sums that narrow units would cut off. */
    private static Tensor numbers(long seed, int rows, TensorArena arena) {
        SplittableRandom random = new SplittableRandom(SEED + seed);
        Tensor numbers = arena.allocate(rows, K);
        for (long i = 0; i < numbers.size(); i++) {
            double number = i < K ? 1 : i < 2L * K ? -1 : random.nextGaussian();
            numbers.set(i, (float) number);
        }
        return numbers;
    }
}
