package dev.troupe.gpu;

import dev.troupe.gpu.activation.TornadoActivation;
import dev.troupe.gpu.attention.TornadoAttention;
import dev.troupe.gpu.device.DeviceKernel;
import dev.troupe.gpu.device.TransferKernels;
import dev.troupe.gpu.elementwise.TornadoElementwise;
import dev.troupe.gpu.embedding.TornadoEmbedding;
import dev.troupe.gpu.gemm.TornadoGemm;
import dev.troupe.gpu.limits.DeviceLimits;
import dev.troupe.gpu.loss.TornadoCrossEntropy;
import dev.troupe.gpu.memory.DeviceMemory;
import dev.troupe.gpu.norm.TornadoNormalization;
import dev.troupe.gpu.optimizer.TornadoAdamWUpdate;
import dev.troupe.gpu.quantized.TornadoWeightProduct;
import dev.troupe.gpu.rope.TornadoRotaryEmbedding;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.Precision;
import java.util.List;
import java.util.stream.Stream;

/** Every operation over one device's memory. */
public final class DeviceKernels {
    private DeviceKernels() {}

    /** What the operations launch: the device compiles each of them once. */
    public static List<DeviceKernel> all() {
        return Stream.of(
                        List.of(
                                TransferKernels.ZERO,
                                TransferKernels.COPY,
                                TransferKernels.ZERO_WORDS,
                                TransferKernels.COPY_WORDS),
                        TornadoGemm.kernels(),
                        TornadoWeightProduct.kernels(),
                        TornadoNormalization.kernels(),
                        TornadoAttention.kernels(),
                        TornadoRotaryEmbedding.kernels(),
                        TornadoActivation.kernels(),
                        TornadoCrossEntropy.kernels(),
                        TornadoEmbedding.kernels(),
                        TornadoAdamWUpdate.kernels(),
                        TornadoElementwise.kernels(),
                        DeviceLimits.kernels())
                .flatMap(List::stream)
                .toList();
    }

    /** The operations; {@code memory} stays the caller's. */
    public static Kernels create(String name, DeviceMemory memory) {
        TornadoGemm gemm = new TornadoGemm(memory);
        return new Kernels(
                name,
                Precision.FP32,
                gemm,
                new TornadoWeightProduct(memory, gemm),
                new TornadoNormalization(memory),
                new TornadoAttention(memory),
                new TornadoRotaryEmbedding(memory),
                new TornadoActivation(memory),
                new TornadoCrossEntropy(memory),
                new TornadoEmbedding(memory),
                new TornadoAdamWUpdate(memory),
                new TornadoElementwise(memory));
    }
}
