package dev.troupe.model.format.layouts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.troupe.model.format.durable.Sha256;
import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.int8.BlockWeight;
import dev.troupe.model.kernel.int8.Int8Weight;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.kernel.quantized.Quantization;
import dev.troupe.model.kernel.quantized.WeightRows;
import dev.troupe.model.kernel.vector.Lanes;
import dev.troupe.model.sampling.CounterRandom;
import dev.troupe.model.tensor.LayoutMemory;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/**
 * Files of layouts outlive the program that wrote them. Where this fails because a layout was changed on purpose: raise
 * {@link KeptLayouts#REVISION}, and write here what the message says.
 */
class LayoutRevisionTest {
    private static final int N = 75;
    private static final int K = 512;

    /** Digests of the layouts of one matrix, made with vectors of sixteen floats. */
    private static final Map<String, String> REVISION_3 = Map.ofEntries(
            Map.entry("eight_bits.Q8_0.32", "fc77f9dba07d"),
            Map.entry("four_bits.Q4_0.32", "4c3448494f3a"),
            Map.entry("four_bits.Q4_K.32", "cb0939b685a6"),
            Map.entry("int8", "8e7a7dbf3ed0"),
            Map.entry("panels.BF16", "0121f8eb72ce"),
            Map.entry("panels.F16", "1142b37d1272"),
            Map.entry("panels.F32", "a9ba5d2da83d"),
            Map.entry("panels.Q4_0", "4c3448494f3a"),
            Map.entry("panels.Q4_K", "cb0939b685a6"),
            Map.entry("panels.Q6_K", "5b2ec8ad434a"),
            Map.entry("panels.Q8_0", "47fe1ae6e94f"),
            Map.entry("six_bits.Q6_K.32", "cf7ee8719401"));

    @Test
    void layoutsAreThoseOfTheRevision() {
        assumeTrue(Lanes.LANES == 16, "LayoutRevisionTest: digests are of vectors of 16 floats, not " + Lanes.LANES);
        Map<String, String> digests = new TreeMap<>();
        try (TensorArena arena = TensorArena.open("test");
                FixedComputePool pool = FixedComputePool.create(1)) {
            Tensor numbers = arena.allocate(N, K);
            for (long i = 0; i < numbers.size(); i++) {
                numbers.set(i, (float) CounterRandom.normal(1, 2, i));
            }
            LayoutMemory memory = new LayoutMemory() {
                @Override
                public TensorArena arena() {
                    return arena;
                }

                @Override
                public Optional<MemorySegment> layIfFit(String form, long bytes, Predicate<MemorySegment> writer) {
                    Optional<MemorySegment> laid = arena.layIfFit(form, bytes, writer);
                    laid.ifPresent(
                            found -> digests.put(form, Sha256.ofPieces(found).shortSha256()));
                    return laid;
                }
            };
            for (StorageType type : StorageType.values()) {
                MemorySegment stored = arena.allocateBytes(N * type.bytes(K));
                Quantization.write(type, numbers.size(), numbers.segment(), stored);
                WeightRows rows = WeightRows.of(type, N, K, stored);
                KernelProviders.select("vector").create(pool).weightProduct().pack(rows, memory);
                if (BlockWeight.holds(type)) {
                    BlockWeight.pack(rows, pool, memory);
                }
                if (type == StorageType.Q8_0) {
                    Int8Weight.pack(rows, pool, memory);
                }
            }
        }
        assertThat(digests).isEqualTo(REVISION_3);
        assertThat(KeptLayouts.REVISION).isEqualTo(3);
    }
}
