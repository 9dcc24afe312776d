package dev.troupe.model.transformer;

import com.sun.management.ThreadMXBean;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.tensor.NativeMemory;
import dev.troupe.model.tensor.TensorArena;
import java.lang.management.ManagementFactory;

/**
 * Prints how many bytes of heap a compiled training step leaves, and of native memory. A program of its own: in a JVM
 * where other tests have run kernels in other ways, the compiler may box vectors for good.
 */
final class StepGarbage {
    private static final int STEPS = 20;
    private static final int MAX_ROUNDS = 200;

    private StepGarbage() {}

    /** Prints the bytes of heap and the bytes of native memory that a step leaves, least seen of heap first. */
    public static void main(String[] args) {
        ModelConfig config = config();
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (TensorArena arena = TensorArena.open("test");
                FixedComputePool pool = FixedComputePool.create(1)) {
            Parameters weights = TestModels.randomWeights(config, 3, arena);
            Parameters gradients = Parameters.allocate(weights.layout(), arena);
            int[] tokens = TestModels.randomTokens(config, StepGarbageTest.ROWS, 3);
            try (TrainingStage stage = new TrainingStage(
                    config,
                    StageRange.whole(config),
                    KernelProviders.select(args[0]).create(pool),
                    weights,
                    gradients,
                    4,
                    64)) {
                long nativeBefore = NativeMemory.bytes("train.activations");
                long perStep = Long.MAX_VALUE;
                // Vectors are boxed until the compiler has seen each kernel often enough.
                for (int round = 0; round < MAX_ROUNDS && perStep > StepGarbageTest.MOST_BYTES; round++) {
                    long before = threads.getCurrentThreadAllocatedBytes();
                    for (int i = 0; i < STEPS; i++) {
                        stage.forwardBackward(tokens, tokens, 1, i);
                    }
                    perStep = (threads.getCurrentThreadAllocatedBytes() - before) / STEPS;
                }
                System.out.println(perStep + " " + (NativeMemory.bytes("train.activations") - nativeBefore));
            }
        }
    }

    private static ModelConfig config() {
        return new ModelConfig(
                "llama",
                64,
                64,
                2,
                4,
                2,
                16,
                128,
                64,
                ModelConfig.NormKind.RMS,
                1e-5f,
                ModelConfig.MlpKind.SWIGLU,
                ModelConfig.PositionKind.ROTARY,
                1e4,
                true,
                false,
                0);
    }
}
