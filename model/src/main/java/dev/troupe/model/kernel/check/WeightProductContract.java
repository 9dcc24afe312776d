package dev.troupe.model.kernel.check;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.quantized.PackedWeight;
import dev.troupe.model.kernel.quantized.WeightRows;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import java.util.List;

/** All storage types, one row to many, any number of outputs, rows wider than the matrix, accumulation and bias. */
final class WeightProductContract implements OperationContract<Kernels> {
    private static final int[] ROWS = {0, 1, 2, 3, 5, 7, 8, 16, 17, 64};
    private static final int[] OUTPUTS = {0, 1, 15, 16, 17, 33, 64, 100};
    /** In blocks of each type, so that some sums end within a chain and some go over several. */
    private static final int[] BLOCKS = {1, 2, 3, 9};

    /** Types that have products of their own for each number of rows up to a dozen. */
    private static final List<StorageType> SOME_ROWS =
            List.of(StorageType.Q8_0, StorageType.Q4_0, StorageType.F16, StorageType.BF16);

    private static final int PLAIN_BLOCK = 32; // of the types that have none

    @Override
    public String name() {
        return "weight product";
    }

    @Override
    public void brief(Comparison<Kernels> on) {
        for (StorageType type : StorageType.values()) {
            on.where(KernelUse.ofWeights(type), () -> at(on, type, 67, 2 * blockOf(type), 1, 9));
        }
        for (StorageType type : SOME_ROWS) {
            on.where(KernelUse.ofWeights(type), () -> at(on, type, 33, 96, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12));
        }
        on.where(KernelUse.Q8_0_WEIGHTS, () -> at(on, StorageType.Q8_0, 33, 288, 1, 2, 7));
    }

    @Override
    public void full(Comparison<Kernels> on) {
        for (StorageType type : StorageType.values()) {
            for (int n : OUTPUTS) {
                for (int blocks : BLOCKS) {
                    at(on, type, n, blocks * blockOf(type), ROWS);
                }
            }
            at(on, type, 130, 0, 3);
            at(on, type, 1536, 512, 1, 4);
            at(on, type, 67, 2048, 1, 3, 9, 65);
            at(on, type, 33, 5632, 1, 2);
        }
        at(on, StorageType.F32, 33, 263, 1, 5);
        at(on, StorageType.BF16, 33, 263, 1, 5);
        at(on, StorageType.F16, 33, 263, 1, 5);
    }

    private static int blockOf(StorageType type) {
        return Math.max(PLAIN_BLOCK, type.blockElements());
    }

    private static void at(Comparison<Kernels> on, StorageType type, int n, int k, int... rows) {
        on.compare("weight product", type + ", n " + n + ", k " + k, k, (kernels, in) -> {
            WeightRows stored = WeightRows.of(type, n, k, in.weights(type, n, k));
            PackedWeight weight = kernels.weightProduct().pack(stored, in.arena());
            Tensor bias = in.normal(n);
            for (int m : rows) {
                Tensor a = in.normal(m, k + 3);
                Tensor c = in.result("c of " + m, m, n + 2);
                kernels.weightProduct().multiply(m, a, k + 3, weight, null, c, n + 2, false);
                Tensor added = in.output("c of " + m + ", added", m, n);
                kernels.weightProduct().multiply(m, a, k + 3, weight, bias, added, n, true);
            }
        });
    }
}
