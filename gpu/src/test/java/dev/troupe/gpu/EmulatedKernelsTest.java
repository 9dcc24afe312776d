package dev.troupe.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.gpu.emulator.EmulatedDevice;
import dev.troupe.gpu.memory.DeviceMemory;
import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.ScalarKernelProvider;
import dev.troupe.model.kernel.attention.Attention;
import dev.troupe.model.kernel.attention.AttentionShape;
import dev.troupe.model.kernel.attention.KvBlocks;
import dev.troupe.model.kernel.check.CheckedKernels;
import dev.troupe.model.kernel.check.Comparison;
import dev.troupe.model.kernel.check.KernelContracts;
import dev.troupe.model.kernel.check.KernelDifference;
import dev.troupe.model.kernel.check.KernelSelfCheck;
import dev.troupe.model.kernel.check.KernelUse;
import dev.troupe.model.kernel.check.OperationContract;
import dev.troupe.model.kernel.check.SelfCheck;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.transformer.Decode;
import dev.troupe.model.transformer.InferenceSettings;
import dev.troupe.model.transformer.Prefill;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The arithmetic of every device kernel, without a device: the contracts' brief form in the emulator. */
class EmulatedKernelsTest {
    private static final long SEED = 7;
    private static final int HEAP_ELEMENTS = 1 << 22;

    static Stream<OperationContract<Kernels>> contracts() {
        return KernelContracts.ALL.stream();
    }

    @ParameterizedTest
    @MethodSource("contracts")
    void agreesWithTheReference(OperationContract<Kernels> contract) {
        List<KernelDifference> differences = new ArrayList<>();
        try (DeviceMemory memory = new DeviceMemory(new EmulatedDevice(HEAP_ELEMENTS));
                FixedComputePool pool = FixedComputePool.create(1)) {
            Kernels kernels = DeviceKernels.create("emulated", memory);
            Kernels reference = new ScalarKernelProvider().create(pool);
            contract.brief(Comparison.of(kernels, reference, SEED, differences::add));
            assertThat(differences).as("%s, seed %d", contract.name(), SEED).isEmpty();
            assertThat(memory.usedBytes())
                    .as("bytes held after all arenas are closed")
                    .isZero();
        }
    }

    /** Memory goes to a device as a whole: what layers share would go once for each of them. */
    @Test
    void aCacheHasMemoryForEachLayer() {
        try (DeviceMemory memory = new DeviceMemory(new EmulatedDevice(HEAP_ELEMENTS));
                TensorArena arena = TensorArena.open("test")) {
            Attention attention = DeviceKernels.create("emulated", memory).attention();
            AttentionShape shape = new AttentionShape(2, 1, 16);
            assertThat(attention.cache(2, shape, StorageType.F32, 3, arena))
                    .hasSize(2)
                    .noneMatch(KvBlocks::sharesMemory);
            KvBlocks shared =
                    KvBlocks.ofLayers(2, shape, StorageType.F32, 3, arena).getFirst();
            Tensor qkv = arena.allocate(1, shape.fusedWidth());
            Tensor out = arena.allocate(1, shape.queryWidth());
            int[][] tables = {{0}};
            assertThatThrownBy(() -> attention.cachedForward(shared, 1, qkv, new int[] {0}, tables, out))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("memory of their own");
        }
    }

    /** A node makes this check before it joins, trains or serves. */
    @ParameterizedTest
    @ValueSource(strings = {"gemmFewRows", "weightBytes", "attendStored"})
    void aKernelThatDoesNothingIsRefused(String kernel) {
        try (DeviceMemory memory = new DeviceMemory(new SilentDevice(new EmulatedDevice(HEAP_ELEMENTS), kernel));
                FixedComputePool pool = FixedComputePool.create(1)) {
            SelfCheck check = KernelSelfCheck.run(DeviceKernels.create("emulated", memory), pool);
            assertThatThrownBy(check::require)
                    .isInstanceOf(TroupeException.class)
                    .hasMessageContaining("emulated");
        }
    }

    /** Products in int8 and bf16 are the processor's: beside a device's kernels they would be slow without a word. */
    @ParameterizedTest
    @EnumSource(
            value = KernelUse.class,
            names = {"INT8_PRODUCTS", "Q8_0_BLOCKS", "Q6_K_BLOCKS", "Q4_0_BLOCKS", "Q4_K_BLOCKS", "BF16_PROMPTS"})
    void productsOfTheProcessorAreRefused(KernelUse use) {
        try (DeviceMemory memory = new DeviceMemory(new EmulatedDevice(HEAP_ELEMENTS));
                FixedComputePool pool = FixedComputePool.create(1)) {
            Kernels kernels = DeviceKernels.create("emulated", memory);
            assertThatThrownBy(() -> CheckedKernels.require(kernels, pool, Set.of(use), check -> {}))
                    .isInstanceOf(TroupeException.class)
                    .hasMessageContainingAll("emulated", "device", "decode to auto", "q8_0", "vector");
        }
    }

    /** 67 million weights in blocks, which the processor would multiply as they are. */
    @Test
    void autoIsExactOnADevice() {
        ModelConfig config = new ModelConfig(
                "llama",
                1 << 20,
                64,
                1,
                4,
                4,
                16,
                128,
                32,
                NormKind.RMS,
                1e-5f,
                MlpKind.SWIGLU,
                PositionKind.ROTARY,
                1e4,
                true,
                false,
                0);
        InferenceSettings auto = new InferenceSettings(StorageType.Q8_0, Prefill.AUTO, Decode.AUTO);
        try (DeviceMemory memory = new DeviceMemory(new EmulatedDevice(HEAP_ELEMENTS));
                FixedComputePool pool = FixedComputePool.create(1)) {
            Kernels device = DeviceKernels.create("emulated", memory);
            Kernels processor = KernelProviders.select("vector").create(pool);
            assertThat(auto.decided(config, name -> StorageType.F32, device).decode())
                    .isEqualTo(Decode.EXACT);
            assertThat(auto.decided(config, name -> StorageType.F32, processor).decode())
                    .isEqualTo(Decode.BLOCKS);
        }
    }

    @Test
    void kernelsHaveDifferentNames() {
        assertThat(DeviceKernels.all().stream().map(k -> k.name())).doesNotHaveDuplicates();
    }
}
