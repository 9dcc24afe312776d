package dev.troupe.model.bench.kernel;

import dev.troupe.model.bench.kernel.BenchCase.Work;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.quantized.PackedWeight;
import dev.troupe.model.kernel.quantized.WeightRows;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Products with stored weights: m rows, k inputs, n outputs. Few rows, as when answers are written token by token, are
 * bound by reading the weights, so they go over several copies of a weight, more than the caches hold, and count its
 * bytes; many rows count operations.
 */
public final class WeightProductBench implements KernelSuite {
    private static final List<StorageType> TYPES = List.of(
            StorageType.BF16, StorageType.F16, StorageType.Q8_0, StorageType.Q4_0, StorageType.Q4_K, StorageType.Q6_K);

    /** k, n: a layer and the head of a model of 135 M parameters, layers of one of 1.1 G. */
    private static final int[][] SHAPES = {{576, 1536}, {576, 49152}, {2048, 5632}, {2048, 2048}};

    private static final int[] ROWS = {1, 4, 16, 512};
    private static final int MOST_BOUND_BY_MEMORY = 4;
    private static final int MOST_WITH_COPIES = 16;

    /** Several times the last-level cache. */
    private static final long COPIES_BYTES = 192L << 20;

    @Override
    public List<BenchCase> cases() {
        List<BenchCase> cases = new ArrayList<>();
        for (StorageType type : TYPES) {
            for (int[] shape : SHAPES) {
                if (shape[0] % type.blockElements() == 0) {
                    for (int m : ROWS) {
                        cases.add(new Product(type, m, shape[0], shape[1]).timed());
                    }
                }
            }
        }
        return cases;
    }

    private record Product(StorageType type, int m, int k, int n) {
        BenchCase timed() {
            double work = m <= MOST_BOUND_BY_MEMORY ? (double) bytes() : 2.0 * m * k * n;
            return BenchCase.of(
                    "weight product " + type,
                    m + "x" + k + "x" + n,
                    m <= MOST_BOUND_BY_MEMORY ? Work.bytes(work * copies()) : Work.flops(work * copies()),
                    this::prepare);
        }

        private long bytes() {
            return n * type.bytes(k);
        }

        private int copies() {
            return m > MOST_WITH_COPIES ? 1 : (int) Math.ceilDiv(COPIES_BYTES, bytes());
        }

        private Runnable prepare(Kernels kernels, TensorArena arena) {
            WeightRows rows = WeightRows.of(type, n, k, BenchInputs.stored(arena, type, n, k));
            PackedWeight first = kernels.weightProduct().pack(rows, arena);
            List<PackedWeight> weights = new ArrayList<>(List.of(first));
            while (weights.size() < copies()) {
                weights.add(
                        first.tensor() == null
                                ? copy(first, arena)
                                : kernels.weightProduct().pack(rows, arena));
            }
            Tensor a = BenchInputs.random(arena, m, k);
            Tensor c = arena.allocate(m, n);
            return () -> {
                for (PackedWeight weight : weights) {
                    kernels.weightProduct().multiply(m, a, k, weight, null, c, n, false);
                }
            };
        }

        /** In plain memory it is its bytes, which takes a hundredth of the time of laying rows out again. */
        private PackedWeight copy(PackedWeight weight, TensorArena arena) {
            MemorySegment data = arena.lay("copy", weight.data().byteSize(), to -> to.copyFrom(weight.data()));
            return new PackedWeight(type, n, k, data);
        }
    }
}
