package dev.troupe.model.kernel.check;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.tensor.Tensor;

/** RMSNorm and LayerNorm, forward and backward, with and without bias. */
final class NormalizationContract implements OperationContract<Kernels> {
    private static final float EPS = 1e-5f;

    @Override
    public String name() {
        return "normalization";
    }

    @Override
    public void brief(Comparison<Kernels> on) {
        on.where(KernelUse.RMS_NORM, () -> rms(on, 5, 37));
        on.where(KernelUse.LAYER_NORM, () -> layer(on, 5, 37));
        on.where(KernelUse.TRAINING, () -> backward(on, 5, 37));
    }

    @Override
    public void full(Comparison<Kernels> on) {
        Sizes.sweep((rows, dim) -> at(on, rows, dim), 768);
    }

    private static void at(Comparison<Kernels> on, int rows, int dim) {
        rms(on, rows, dim);
        layer(on, rows, dim);
        backward(on, rows, dim);
    }

    private static String shape(int rows, int dim) {
        return "rows " + rows + ", dim " + dim;
    }

    private static void rms(Comparison<Kernels> on, int rows, int dim) {
        on.compare("rms norm", shape(rows, dim), dim, (kernels, in) -> {
            Tensor x = in.normal(rows, dim);
            Tensor y = in.result("y", rows, dim);
            kernels.normalization().rmsForward(rows, dim, EPS, x, in.normal(dim), y, in.result("rstd", rows));
        });
    }

    private static void layer(Comparison<Kernels> on, int rows, int dim) {
        for (boolean biased : new boolean[] {false, true}) {
            on.compare("layer norm", shape(rows, dim) + ", bias " + biased, dim, (kernels, in) -> {
                Tensor x = in.normal(rows, dim);
                Tensor weight = in.normal(dim);
                Tensor bias = in.normal(dim);
                Tensor mean = in.result("mean", rows);
                Tensor rstd = in.result("rstd", rows);
                Tensor y = in.result("y", rows, dim);
                kernels.normalization().layerForward(rows, dim, EPS, x, weight, biased ? bias : null, y, mean, rstd);
            });
        }
    }

    private static void backward(Comparison<Kernels> on, int rows, int dim) {
        int length = Math.max(rows, dim);
        on.compare("rms norm backward", shape(rows, dim), length, (kernels, in) -> {
            Tensor x = in.normal(rows, dim);
            Tensor weight = in.normal(dim);
            Tensor rstd = in.normal(rows);
            Tensor dx = in.output("dx", rows, dim);
            Tensor dWeight = in.output("dWeight", dim);
            kernels.normalization().rmsBackward(rows, dim, x, weight, rstd, in.normal(rows, dim), dx, dWeight);
        });
        for (boolean biased : new boolean[] {false, true}) {
            on.compare("layer norm backward", shape(rows, dim) + ", bias " + biased, length, (kernels, in) -> {
                Tensor x = in.normal(rows, dim);
                Tensor weight = in.normal(dim);
                Tensor mean = in.normal(rows);
                Tensor rstd = in.normal(rows);
                Tensor dx = in.output("dx", rows, dim);
                Tensor dWeight = in.output("dWeight", dim);
                Tensor dBias = in.output("dBias", dim);
                Tensor dy = in.normal(rows, dim);
                kernels.normalization()
                        .layerBackward(rows, dim, x, weight, mean, rstd, dy, dx, dWeight, biased ? dBias : null);
            });
        }
    }
}
