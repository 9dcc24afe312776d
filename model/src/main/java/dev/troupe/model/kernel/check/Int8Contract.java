package dev.troupe.model.kernel.check;

import dev.troupe.model.kernel.int8.Int8Product;
import dev.troupe.model.kernel.int8.Int8Weight;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.quantized.WeightRows;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;

/** Any numbers of rows, inputs and outputs, rows wider than the matrix, accumulation and bias, bit for bit. */
final class Int8Contract implements OperationContract<Int8Product> {
    private static final int[] ROWS = {0, 1, 2, 3, 5, 17, 65};
    private static final int[] OUTPUTS = {0, 1, 15, 17, 63, 64, 65, 131};
    private static final int[] INPUTS = {0, 1, 31, 63, 64, 65, 257};
    /** Few rows, in strips of all heights. */
    private static final int[] STRIPS = {2, 7, 11};

    /** m, n, k: about chains of 512, more rows than a tile has, layers of models. */
    private static final int[][] SHAPES = {
        {7, 97, 511},
        {64, 64, 512},
        {65, 257, 513},
        {131, 97, 1031},
        {70, 576, 576},
        {1, 2100, 2048},
        {4, 300, 2048},
        {260, 192, 1536},
        {33, 100, 5632},
        {1, 100, 5632}
    };

    private final ComputePool pool;

    /** @param pool lays weights out */
    Int8Contract(ComputePool pool) {
        this.pool = pool;
    }

    @Override
    public String name() {
        return "int8 product";
    }

    /** Few numbers where vectors have tails: what rounds those waits for a compiler. */
    @Override
    public void brief(Comparison<Int8Product> on) {
        at(on, 67, 208, 144);
        at(on, 1, 80, 144);
        for (int m : STRIPS) {
            at(on, m, 80, 144);
        }
        at(on, 4, 17, 133);
    }

    @Override
    public void full(Comparison<Int8Product> on) {
        for (int m : ROWS) {
            for (int n : OUTPUTS) {
                for (int k : INPUTS) {
                    at(on, m, n, k);
                }
            }
        }
        for (int[] shape : SHAPES) {
            at(on, shape[0], shape[1], shape[2]);
        }
    }

    private void at(Comparison<Int8Product> on, int m, int n, int k) {
        for (boolean added : new boolean[] {false, true}) {
            String shape = "m " + m + ", n " + n + ", k " + k + (added ? ", onto C, bias" : "");
            on.compareBits(name(), shape, (product, in) -> {
                Tensor a = greatest(in.normal(m, k + 3), m, k);
                if (m > 3 && k > 0) {
                    a.set(2L * (k + 3), Float.NaN); // and so is all of its row, and nothing of the others
                }
                Tensor rows = greatest(in.normal(n, k), n, k);
                Tensor bias = in.normal(n);
                Int8Weight w =
                        Int8Weight.pack(WeightRows.of(StorageType.F32, n, k, rows.readOnlySegment()), pool, in.arena());
                Tensor c = added ? in.output("c", m, n + 5) : in.result("c", m, n + 5);
                product.multiply(m, a, k + 3, w, added ? bias : null, c, n + 5, added);
            });
        }
    }

    /** The first two rows get the greatest numbers of one sign: sums that narrow units would cut off. */
    private static Tensor greatest(Tensor numbers, int rows, int k) {
        for (int row = 0; row < Math.min(2, rows); row++) {
            for (int p = 0; p < k; p++) {
                numbers.set((long) row * numbers.dim(1) + p, row == 0 ? 1 : -1);
            }
        }
        return numbers;
    }
}
