package dev.troupe.gpu.elementwise;

import static dev.troupe.model.kernel.KernelArguments.requireMatrix;
import static dev.troupe.model.kernel.KernelArguments.requireRange;
import static dev.troupe.model.kernel.KernelArguments.requireSize;

import dev.troupe.gpu.device.DeviceKernel;
import dev.troupe.gpu.device.Launch;
import dev.troupe.gpu.memory.DeviceMemory;
import dev.troupe.model.kernel.elementwise.DropoutMask;
import dev.troupe.model.kernel.elementwise.Elementwise;
import dev.troupe.model.tensor.Tensor;
import java.util.List;

/** Small operations on the device. */
public final class TornadoElementwise implements Elementwise {
    private final DeviceMemory memory;

    public TornadoElementwise(DeviceMemory memory) {
        this.memory = memory;
    }

    /** What this operation launches. */
    public static List<DeviceKernel> kernels() {
        return List.of(
                ElementwiseKernels.ADD,
                ElementwiseKernels.ADD_BIAS,
                ElementwiseKernels.BIAS_BACKWARD,
                ElementwiseKernels.SQUARES,
                ElementwiseKernels.DROPOUT);
    }

    @Override
    public void add(long n, Tensor x, Tensor y) {
        requireSize("x", x, n);
        requireSize("y", y, n);
        memory.launch(
                new Launch(ElementwiseKernels.ADD).items(n).put((int) n).read(x).update(y));
    }

    @Override
    public void addBias(int rows, int dim, Tensor bias, Tensor x) {
        requireMatrix("x", x, rows, dim, dim);
        requireSize("bias", bias, dim);
        int count = Math.multiplyExact(rows, dim);
        memory.launch(new Launch(ElementwiseKernels.ADD_BIAS)
                .items(count)
                .put(count, dim)
                .read(bias)
                .update(x));
    }

    @Override
    public void biasBackward(int rows, int dim, Tensor dy, Tensor dBias) {
        requireMatrix("dy", dy, rows, dim, dim);
        requireSize("dBias", dBias, dim);
        memory.launch(new Launch(ElementwiseKernels.BIAS_BACKWARD)
                .items(dim)
                .put(rows, dim)
                .read(dy)
                .update(dBias));
    }

    /** The groups' float32 sums, added in float64 in their order. */
    @Override
    public double sumOfSquares(long from, long to, Tensor x) {
        requireRange(from, to);
        requireSize("x", x, to);
        long blocks = Math.ceilDiv(to - from, (long) ElementwiseKernels.SQUARES_BLOCK);
        if (blocks == 0) {
            return 0;
        }
        try (DeviceMemory.Scratch sums = memory.scratch(blocks)) {
            memory.launch(new Launch(ElementwiseKernels.SQUARES)
                    .groups(blocks, 1)
                    .put((int) from, (int) to)
                    .read(x)
                    .put(sums.address()));
            double sum = 0;
            for (float blockSum : sums.download((int) blocks)) {
                sum += blockSum;
            }
            return sum;
        }
    }

    @Override
    public void dropout(long n, float rate, long seed, long stream, Tensor x) {
        requireSize("x", x, n);
        DropoutMask.requireRate(rate);
        long key = DropoutMask.key(seed, stream, 0);
        memory.launch(new Launch(ElementwiseKernels.DROPOUT)
                .items(n)
                .put((int) n)
                .update(x)
                .put((int) key, (int) (key >>> 32), DropoutMask.threshold(rate))
                .floats(1 / (1 - rate)));
    }
}
