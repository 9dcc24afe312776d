package dev.troupe.gpu.norm;

import static dev.troupe.model.kernel.norm.NormalizationArguments.requireBackward;
import static dev.troupe.model.kernel.norm.NormalizationArguments.requireForward;
import static dev.troupe.model.kernel.norm.NormalizationArguments.requireLayer;

import dev.troupe.gpu.device.DeviceKernel;
import dev.troupe.gpu.device.Launch;
import dev.troupe.gpu.memory.DeviceMemory;
import dev.troupe.model.kernel.norm.Normalization;
import dev.troupe.model.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Norms on the device. */
public final class TornadoNormalization implements Normalization {
    private final DeviceMemory memory;

    public TornadoNormalization(DeviceMemory memory) {
        this.memory = memory;
    }

    /** What this operation launches. */
    public static List<DeviceKernel> kernels() {
        return List.of(
                NormKernels.RMS_FORWARD,
                NormKernels.RMS_BACKWARD,
                NormKernels.LAYER_FORWARD,
                NormKernels.LAYER_BACKWARD,
                NormKernels.WEIGHT_BACKWARD);
    }

    @Override
    public void rmsForward(int rows, int dim, float eps, Tensor x, Tensor weight, Tensor y, Tensor rstd) {
        requireForward(rows, dim, x, weight, y, rstd);
        memory.launch(new Launch(NormKernels.RMS_FORWARD)
                .groups(rows, 1)
                .put(dim)
                .read(x)
                .read(weight)
                .update(y)
                .update(rstd)
                .floats(eps));
    }

    @Override
    public void rmsBackward(
            int rows, int dim, Tensor x, Tensor weight, Tensor rstd, Tensor dy, Tensor dx, Tensor dWeight) {
        requireBackward(rows, dim, x, weight, rstd, dy, dx, dWeight);
        memory.launch(new Launch(NormKernels.RMS_BACKWARD)
                .groups(rows, 1)
                .put(dim)
                .read(x)
                .read(weight)
                .read(rstd)
                .read(dy)
                .update(dx));
        sumOverRows(rows, dim, x, rstd, dy, dWeight, null, null);
    }

    @Override
    public void layerForward(
            int rows,
            int dim,
            float eps,
            Tensor x,
            Tensor weight,
            @Nullable Tensor bias,
            Tensor y,
            Tensor mean,
            Tensor rstd) {
        requireForward(rows, dim, x, weight, y, rstd);
        requireLayer(rows, dim, mean, "bias", bias);
        memory.launch(new Launch(NormKernels.LAYER_FORWARD)
                .groups(rows, 1)
                .put(dim)
                .read(x)
                .read(weight)
                .update(y)
                .update(rstd)
                .update(mean)
                .readIfPresent(bias)
                .floats(eps));
    }

    @Override
    public void layerBackward(
            int rows,
            int dim,
            Tensor x,
            Tensor weight,
            Tensor mean,
            Tensor rstd,
            Tensor dy,
            Tensor dx,
            Tensor dWeight,
            @Nullable Tensor dBias) {
        requireBackward(rows, dim, x, weight, rstd, dy, dx, dWeight);
        requireLayer(rows, dim, mean, "dBias", dBias);
        memory.launch(new Launch(NormKernels.LAYER_BACKWARD)
                .groups(rows, 1)
                .put(dim)
                .read(x)
                .read(weight)
                .read(rstd)
                .read(dy)
                .update(dx)
                .read(mean));
        sumOverRows(rows, dim, x, rstd, dy, dWeight, mean, dBias);
    }

    private void sumOverRows(
            int rows,
            int dim,
            Tensor x,
            Tensor rstd,
            Tensor dy,
            Tensor dWeight,
            @Nullable Tensor mean,
            @Nullable Tensor dBias) {
        memory.launch(new Launch(NormKernels.WEIGHT_BACKWARD)
                .items(dim)
                .put(rows, dim)
                .read(x)
                .read(rstd)
                .read(dy)
                .update(dWeight)
                .readIfPresent(mean)
                .updateIfPresent(dBias));
    }
}
