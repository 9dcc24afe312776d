package dev.troupe.model.kernel.norm;

import static dev.troupe.model.kernel.norm.NormalizationArguments.requireBackward;
import static dev.troupe.model.kernel.norm.NormalizationArguments.requireForward;
import static dev.troupe.model.kernel.norm.NormalizationArguments.requireLayer;

import dev.troupe.model.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** The reference: one row at a time, sums in float64. */
public final class ScalarNormalization implements Normalization {
    @Override
    public void rmsForward(int rows, int dim, float eps, Tensor x, Tensor weight, Tensor y, Tensor rstd) {
        requireForward(rows, dim, x, weight, y, rstd);
        for (int r = 0; r < rows; r++) {
            long row = (long) r * dim;
            double squares = 0;
            for (int i = 0; i < dim; i++) {
                squares += (double) x.get(row + i) * x.get(row + i);
            }
            float scale = (float) (1 / Math.sqrt(squares / dim + eps));
            rstd.set(r, scale);
            for (int i = 0; i < dim; i++) {
                y.set(row + i, x.get(row + i) * scale * weight.get(i));
            }
        }
    }

    /** With n = x·rstd and g = dy·weight: dx += rstd · (g - n · mean(g·n)); dWeight += dy·n. */
    @Override
    public void rmsBackward(
            int rows, int dim, Tensor x, Tensor weight, Tensor rstd, Tensor dy, Tensor dx, Tensor dWeight) {
        requireBackward(rows, dim, x, weight, rstd, dy, dx, dWeight);
        for (int r = 0; r < rows; r++) {
            long row = (long) r * dim;
            float scale = rstd.get(r);
            double projection = 0;
            for (int i = 0; i < dim; i++) {
                projection += (double) dy.get(row + i) * weight.get(i) * x.get(row + i) * scale;
            }
            float mean = (float) (projection / dim);
            for (int i = 0; i < dim; i++) {
                float normalized = x.get(row + i) * scale;
                float g = dy.get(row + i) * weight.get(i);
                dWeight.set(i, dWeight.get(i) + dy.get(row + i) * normalized);
                dx.set(row + i, dx.get(row + i) + scale * (g - normalized * mean));
            }
        }
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
        for (int r = 0; r < rows; r++) {
            long row = (long) r * dim;
            double sum = 0;
            for (int i = 0; i < dim; i++) {
                sum += x.get(row + i);
            }
            float center = (float) (sum / dim);
            double squares = 0;
            for (int i = 0; i < dim; i++) {
                double deviation = x.get(row + i) - center;
                squares += deviation * deviation;
            }
            float scale = (float) (1 / Math.sqrt(squares / dim + eps));
            mean.set(r, center);
            rstd.set(r, scale);
            for (int i = 0; i < dim; i++) {
                float normalized = (x.get(row + i) - center) * scale;
                y.set(row + i, normalized * weight.get(i) + (bias == null ? 0 : bias.get(i)));
            }
        }
    }

    /**
     * With n = (x - mean)·rstd and g = dy·weight: dx += rstd · (g - mean(g) - n · mean(g·n)); dWeight += dy·n; dBias +=
     * dy.
     */
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
        for (int r = 0; r < rows; r++) {
            long row = (long) r * dim;
            float center = mean.get(r);
            float scale = rstd.get(r);
            double sum = 0;
            double projection = 0;
            for (int i = 0; i < dim; i++) {
                double g = (double) dy.get(row + i) * weight.get(i);
                sum += g;
                projection += g * (x.get(row + i) - center) * scale;
            }
            float meanG = (float) (sum / dim);
            float meanGn = (float) (projection / dim);
            for (int i = 0; i < dim; i++) {
                float normalized = (x.get(row + i) - center) * scale;
                float g = dy.get(row + i) * weight.get(i);
                dWeight.set(i, dWeight.get(i) + dy.get(row + i) * normalized);
                if (dBias != null) {
                    dBias.set(i, dBias.get(i) + dy.get(row + i));
                }
                dx.set(row + i, dx.get(row + i) + scale * (g - meanG - normalized * meanGn));
            }
        }
    }
}
