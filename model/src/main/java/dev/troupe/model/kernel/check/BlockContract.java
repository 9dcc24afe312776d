package dev.troupe.model.kernel.check;

import dev.troupe.model.kernel.int8.BlockProduct;
import dev.troupe.model.kernel.int8.BlockWeight;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.quantized.WeightRows;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;

/** Weights of one type, any numbers of rows and outputs, accumulation and bias, bit for bit. */
final class BlockContract implements OperationContract<BlockProduct> {
    private static final int[] ROWS = {0, 1, 2, 3, 4, 7, 8, 9, 17};
    /** Strips of all heights. */
    private static final int[] STRIPS = {2, 7, 23};

    private static final int[] OUTPUTS = {0, 1, 15, 17, 31, 32, 33, 67};
    private static final int[] BLOCKS = {0, 1, 3};
    /** m, n, k: layers of models. */
    private static final int[][] SHAPES = {
        {70, 576, 768}, {1, 131, 2048}, {260, 64, 1536}, {33, 100, 5632}, {1, 600, 256}, {5, 600, 256}
    };

    private final StorageType type;
    private final ComputePool pool;

    /** @param pool lays weights out */
    BlockContract(StorageType type, ComputePool pool) {
        this.type = type;
        this.pool = pool;
    }

    @Override
    public String name() {
        return "product with blocks";
    }

    @Override
    public void brief(Comparison<BlockProduct> on) {
        at(on, 15, 67, 256);
        at(on, 1, 33, 512);
        for (int m : STRIPS) {
            at(on, m, 33, 256);
        }
    }

    @Override
    public void full(Comparison<BlockProduct> on) {
        for (int m : ROWS) {
            for (int n : OUTPUTS) {
                for (int blocks : BLOCKS) {
                    at(on, m, n, blocks * type.blockElements());
                }
            }
        }
        for (int[] shape : SHAPES) {
            at(on, shape[0], shape[1], shape[2]);
        }
    }

    private void at(Comparison<BlockProduct> on, int m, int n, int k) {
        for (boolean added : new boolean[] {false, true}) {
            String shape = type + ", m " + m + ", n " + n + ", k " + k + (added ? ", onto C, bias" : "");
            on.compareBits(name(), shape, (product, in) -> {
                Tensor a = in.normal(m, k + 3);
                Tensor bias = in.normal(n);
                WeightRows stored = WeightRows.of(type, n, k, in.weights(type, n, k));
                BlockWeight w = BlockWeight.pack(stored, pool, in.arena());
                Tensor c = added ? in.output("c", m, n + 5) : in.result("c", m, n + 5);
                product.multiply(m, a, k + 3, w, added ? bias : null, c, n + 5, added);
            });
        }
    }
}
