package dev.troupe.gpu.activation;

import static dev.troupe.model.kernel.KernelArguments.requireMatrix;
import static dev.troupe.model.kernel.KernelArguments.requireSize;

import dev.troupe.gpu.device.DeviceKernel;
import dev.troupe.gpu.device.Launch;
import dev.troupe.gpu.memory.DeviceMemory;
import dev.troupe.model.kernel.activation.Activation;
import dev.troupe.model.tensor.Tensor;
import java.util.List;

/** GELU and SwiGLU on the device. */
public final class TornadoActivation implements Activation {
    private final DeviceMemory memory;

    public TornadoActivation(DeviceMemory memory) {
        this.memory = memory;
    }

    /** What this operation launches. */
    public static List<DeviceKernel> kernels() {
        return List.of(
                ActivationKernels.GELU_FORWARD,
                ActivationKernels.GELU_BACKWARD,
                ActivationKernels.SWIGLU_FORWARD,
                ActivationKernels.SWIGLU_BACKWARD);
    }

    @Override
    public void geluForward(long n, Tensor x, Tensor y) {
        requireSize("x", x, n);
        requireSize("y", y, n);
        memory.launch(new Launch(ActivationKernels.GELU_FORWARD)
                .items(n)
                .put((int) n)
                .read(x)
                .update(y));
    }

    @Override
    public void geluBackward(long n, Tensor x, Tensor dy, Tensor dx) {
        requireSize("x", x, n);
        requireSize("dy", dy, n);
        requireSize("dx", dx, n);
        memory.launch(new Launch(ActivationKernels.GELU_BACKWARD)
                .items(n)
                .put((int) n)
                .read(x)
                .read(dy)
                .update(dx));
    }

    @Override
    public void swigluForward(int rows, int width, Tensor gateUp, Tensor y) {
        int both = Math.multiplyExact(2, width);
        requireMatrix("gateUp", gateUp, rows, both, both);
        requireMatrix("y", y, rows, width, width);
        int count = Math.multiplyExact(rows, width);
        memory.launch(new Launch(ActivationKernels.SWIGLU_FORWARD)
                .items(count)
                .put(count, width)
                .read(gateUp)
                .update(y));
    }

    @Override
    public void swigluBackward(int rows, int width, Tensor gateUp, Tensor dy, Tensor dGateUp) {
        int both = Math.multiplyExact(2, width);
        requireMatrix("gateUp", gateUp, rows, both, both);
        requireMatrix("dGateUp", dGateUp, rows, both, both);
        requireMatrix("dy", dy, rows, width, width);
        int count = Math.multiplyExact(rows, width);
        memory.launch(new Launch(ActivationKernels.SWIGLU_BACKWARD)
                .items(count)
                .put(count, width)
                .read(gateUp)
                .read(dy)
                .update(dGateUp));
    }
}
