package dev.troupe.model.kernel.check;

import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.quantized.PackedWeight;
import dev.troupe.model.kernel.quantized.PromptProduct;
import dev.troupe.model.kernel.quantized.PromptWeight;
import dev.troupe.model.kernel.quantized.VectorWeightProduct;
import dev.troupe.model.kernel.quantized.WeightRows;
import dev.troupe.model.kernel.vector.ScratchPool;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;

/** Weights of all types, few rows and many, accumulation and bias. */
final class PromptContract implements OperationContract<PromptProduct> {
    private static final int[] ROWS = {0, 1, 2, 17, 63, 65, 130};
    private static final int[] OUTPUTS = {0, 1, 17, 63, 64, 65, 131};
    private static final int[] BLOCKS = {1, 3};
    private static final int PLAIN_BLOCK = 32; // of the types that have none

    private final VectorWeightProduct weights;

    /** @param pool lays weights out */
    PromptContract(ComputePool pool) {
        this.weights = new VectorWeightProduct(pool, new ScratchPool());
    }

    @Override
    public String name() {
        return "prompt product";
    }

    @Override
    public void brief(Comparison<PromptProduct> on) {
        for (StorageType type : StorageType.values()) {
            at(on, type, 67, 2 * blockOf(type), 1, 70);
        }
    }

    @Override
    public void full(Comparison<PromptProduct> on) {
        for (StorageType type : StorageType.values()) {
            for (int n : OUTPUTS) {
                for (int blocks : BLOCKS) {
                    at(on, type, n, blocks * blockOf(type), ROWS);
                }
            }
            at(on, type, 130, 0, 3);
            at(on, type, 576, 1536, 1, 67);
        }
        at(on, StorageType.F32, 33, 263, 1, 5, 64);
        at(on, StorageType.BF16, 33, 1031, 1, 5, 64);
    }

    private static int blockOf(StorageType type) {
        return Math.max(PLAIN_BLOCK, type.blockElements());
    }

    private void at(Comparison<PromptProduct> on, StorageType type, int n, int k, int... numRows) {
        on.compare(name(), type + ", n " + n + ", k " + k, k, (product, in) -> {
            WeightRows rows = WeightRows.of(type, n, k, in.weights(type, n, k));
            PackedWeight packed = weights.pack(rows, in.arena());
            PromptWeight weight = product.lay(packed, rows, in.arena());
            Tensor bias = in.normal(n);
            for (int m : numRows) {
                Tensor a = in.normal(m, k + 3);
                weight.multiply(m, a, k + 3, null, in.result("c of " + m, m, n + 2), n + 2, false);
                weight.multiply(m, a, k + 3, bias, in.output("c of " + m + ", added", m, n), n, true);
            }
        });
    }
}
