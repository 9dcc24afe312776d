package dev.troupe.model.bench.kernel;

import dev.troupe.model.bench.kernel.BenchCase.Limit;
import dev.troupe.model.bench.kernel.BenchCase.Work;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.check.OtherKernels;
import dev.troupe.model.kernel.onednn.OneDnnPromptProduct;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.quantized.PackedWeight;
import dev.troupe.model.kernel.quantized.PromptWeight;
import dev.troupe.model.kernel.quantized.RoundedProduct;
import dev.troupe.model.kernel.quantized.RoundedWeight;
import dev.troupe.model.kernel.quantized.VectorWeightProduct;
import dev.troupe.model.kernel.quantized.WeightRows;
import dev.troupe.model.kernel.vector.ScratchPool;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Products with activations rounded to eight bits, each 32 with a scale, as {@code decode = blocks} has them, or a row
 * with one, as {@code decode = int8} has them; and of prompts in bf16: m rows, k inputs, n outputs. One row goes over
 * several copies of a weight, more than the caches hold, and counts bytes; more rows count operations, beside the peak
 * of the instructions for them.
 */
public final class RoundedProductBench implements KernelSuite {
    private static final List<StorageType> BLOCKS =
            List.of(StorageType.Q8_0, StorageType.Q6_K, StorageType.Q4_0, StorageType.Q4_K);

    /** k, n: the head of a model of 135 M parameters, a layer of one of 1.1 G. */
    private static final int[][] SHAPES = {{576, 49152}, {2048, 5632}};

    private static final int PROMPT = 512;
    private static final int[] ROWS = {1, 4, 16, PROMPT};

    /** Several times the last-level cache. */
    private static final long COPIES_BYTES = 128L << 20;

    private final ComputePool pool;

    /** Products on {@code pool}. */
    public RoundedProductBench(ComputePool pool) {
        this.pool = pool;
    }

    @Override
    public List<BenchCase> cases() {
        List<BenchCase> cases = new ArrayList<>();
        for (StorageType type : BLOCKS) {
            cases.addAll(products(false, type));
        }
        cases.addAll(products(true, StorageType.Q8_0));
        if (OneDnnPromptProduct.unavailable().isEmpty()) {
            for (int[] shape : SHAPES) {
                cases.add(prompt(shape[0], shape[1]));
            }
        }
        return cases;
    }

    private List<BenchCase> products(boolean byRow, StorageType type) {
        List<BenchCase> cases = new ArrayList<>();
        for (int[] shape : SHAPES) {
            if (shape[0] % type.blockElements() == 0) {
                for (int m : ROWS) {
                    cases.add(new Product(pool, byRow, type, m, shape[0], shape[1]).timed());
                }
            }
        }
        return cases;
    }

    private BenchCase prompt(int k, int n) {
        return BenchCase.of(
                "bf16 prompt product " + StorageType.Q8_0,
                PROMPT + "x" + k + "x" + n,
                new Work(2.0 * PROMPT * k * n, Limit.BF16),
                (kernels, arena) -> {
                    WeightRows rows =
                            WeightRows.of(StorageType.Q8_0, n, k, BenchInputs.stored(arena, StorageType.Q8_0, n, k));
                    PackedWeight packed = new VectorWeightProduct(pool, new ScratchPool()).pack(rows, arena);
                    PromptWeight weight = OneDnnPromptProduct.create(pool).lay(packed, rows, arena);
                    Tensor a = BenchInputs.random(arena, PROMPT, k);
                    Tensor c = arena.allocate(PROMPT, n);
                    return () -> weight.multiply(PROMPT, a, k, null, c, n, false);
                });
    }

    /** @param byRow whether activations and weights have one scale a row */
    private record Product(ComputePool pool, boolean byRow, StorageType type, int m, int k, int n) {
        BenchCase timed() {
            double numbers = (double) n * k * copies();
            double bytesANumber = byRow ? 1 : (double) type.blockBytes() / type.blockElements();
            return BenchCase.of(
                    (byRow ? "int8 product " : "block product ") + type,
                    m + "x" + k + "x" + n,
                    m == 1 ? Work.bytes(numbers * bytesANumber) : new Work(2 * numbers * m, Limit.INT8),
                    this::prepare);
        }

        private int copies() {
            return m > 1 ? 1 : (int) Math.ceilDiv(COPIES_BYTES, n * type.bytes(k));
        }

        private Runnable prepare(Kernels kernels, TensorArena arena) {
            RoundedProduct product =
                    byRow ? OtherKernels.int8(pool, check -> {}) : OtherKernels.blocks(pool, check -> {});
            MemorySegment rows = BenchInputs.stored(arena, type, n, k);
            List<RoundedWeight> weights = new ArrayList<>();
            for (int i = 0; i < copies(); i++) {
                weights.add(product.lay(WeightRows.of(type, n, k, rows), arena));
            }
            Tensor a = BenchInputs.random(arena, m, k);
            Tensor c = arena.allocate(m, n);
            return () -> {
                for (RoundedWeight weight : weights) {
                    weight.product().multiply(m, a, k, null, c, n, false);
                }
            };
        }
    }
}
