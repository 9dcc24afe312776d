package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.quantized.KBlocks.nearest;

/**
 * Finds the scale with which a group of numbers is rounded with the least weighted square error: numbers are rounded
 * with some twenty scales near the obvious one, and for each rounding the best scale follows by least squares. These
 * are ggml's make_qkx2_quants and make_qx_quants, in float32 as there.
 */
final class ScaleSearch {
    private static final int LINE_STEPS = 20;
    private static final float LINE_FIRST = -1;
    private static final float LINE_STEP = 0.1f;
    private static final int SCALE_STEPS = 9;
    private static final float NOTHING = 1e-15f;

    private ScaleSearch() {}

    /** x is about scale · q - min, min at least 0. */
    record Line(float scale, float min) {}

    /** For q from 0 to {@code most}; great numbers weigh more. */
    static Line line(float[] x, int from, int count, int most) {
        float[] weights = weights(x, from, count);
        float least = x[from];
        float greatest = x[from];
        float sumW = 0;
        float sumX = 0;
        for (int i = 0; i < count; i++) {
            least = Math.min(least, x[from + i]);
            greatest = Math.max(greatest, x[from + i]);
            sumW += weights[i];
            sumX += weights[i] * x[from + i];
        }
        least = Math.min(least, 0);
        if (greatest == least) {
            return new Line(0, -least);
        }
        float scale = 1 / (most / (greatest - least));
        float min = least;
        float bestError = error(x, from, count, weights, most / (greatest - least), least, most, scale, min);
        for (int step = 0; step <= LINE_STEPS; step++) {
            float inverse = (LINE_FIRST + LINE_STEP * step + most) / (greatest - least);
            float sumL = 0;
            float sumL2 = 0;
            float sumXl = 0;
            for (int i = 0; i < count; i++) {
                int l = Math.clamp(nearest(inverse * (x[from + i] - least)), 0, most);
                sumL += weights[i] * l;
                sumL2 += weights[i] * l * l;
                sumXl += weights[i] * l * x[from + i];
            }
            float determinant = sumW * sumL2 - sumL * sumL;
            if (determinant > 0) {
                float newScale = (sumW * sumXl - sumX * sumL) / determinant;
                float newMin = (sumL2 * sumX - sumL * sumXl) / determinant;
                if (newMin > 0) {
                    newMin = 0;
                    newScale = sumXl / sumL2;
                }
                float error = error(x, from, count, weights, inverse, least, most, newScale, newMin);
                if (error < bestError) {
                    bestError = error;
                    scale = newScale;
                    min = newMin;
                }
            }
        }
        return new Line(scale, -min);
    }

    private static float[] weights(float[] x, int from, int count) {
        float squares = 0;
        for (int i = 0; i < count; i++) {
            squares += x[from + i] * x[from + i];
        }
        float mean = (float) Math.sqrt(squares / count);
        float[] weights = new float[count];
        for (int i = 0; i < count; i++) {
            weights[i] = mean + Math.abs(x[from + i]);
        }
        return weights;
    }

    /** Of scale · q + min, where q is rounded with {@code inverse} and {@code least}. */
    private static float error(
            float[] x,
            int from,
            int count,
            float[] weights,
            float inverse,
            float least,
            int most,
            float scale,
            float min) {
        float error = 0;
        for (int i = 0; i < count; i++) {
            int l = Math.clamp(nearest(inverse * (x[from + i] - least)), 0, most);
            float difference = scale * l + min - x[from + i];
            error += weights[i] * (difference * difference);
        }
        return error;
    }

    /**
     * x is about scale · q for q from -steps to steps - 1; numbers weigh by their squares. The scale may be negative.
     */
    static float scale(float[] x, int from, int count, int steps) {
        float extreme = 0;
        for (int i = from; i < from + count; i++) {
            if (Math.abs(x[i]) > Math.abs(extreme)) {
                extreme = x[i];
            }
        }
        if (Math.abs(extreme) < NOTHING) {
            return 0;
        }
        float scale = 0;
        float best = 0;
        for (int step = 0; step <= 2 * SCALE_STEPS; step++) {
            int shift = step == 0 ? 0 : step <= SCALE_STEPS ? step - 1 - SCALE_STEPS : step - SCALE_STEPS;
            float inverse = -(steps + 0.1f * shift) / extreme; // 0 first, then -9 to 9
            float sumXl = 0;
            float sumL2 = 0;
            for (int i = from; i < from + count; i++) {
                int l = Math.clamp(nearest(inverse * x[i]), -steps, steps - 1);
                float weight = x[i] * x[i];
                sumXl += weight * x[i] * l;
                sumL2 += weight * l * l;
            }
            if (step == 0) {
                scale = sumL2 == 0 ? 0 : sumXl / sumL2;
                best = scale * sumXl;
            } else if (sumL2 > 0 && sumXl * sumXl > best * sumL2) {
                scale = sumXl / sumL2;
                best = scale * sumXl;
            }
        }
        return scale;
    }
}
