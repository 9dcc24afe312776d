package dev.troupe.model.kernel.activation;

import static dev.troupe.model.kernel.KernelArguments.requireMatrix;
import static dev.troupe.model.kernel.KernelArguments.requireSize;

import dev.troupe.model.tensor.Tensor;

/** The reference, in float64 per element. */
public final class ScalarActivation implements Activation {
    private static final double SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);
    private static final double CUBIC = 0.044715;

    /** gelu(x) = x/2 · (1 + tanh(√(2/π) · (x + 0.044715·x³))). */
    @Override
    public void geluForward(long n, Tensor x, Tensor y) {
        requireSize("x", x, n);
        requireSize("y", y, n);
        for (long i = 0; i < n; i++) {
            double v = x.get(i);
            y.set(i, (float) (0.5 * v * (1 + Math.tanh(SQRT_2_OVER_PI * (v + CUBIC * v * v * v)))));
        }
    }

    @Override
    public void geluBackward(long n, Tensor x, Tensor dy, Tensor dx) {
        requireSize("x", x, n);
        requireSize("dy", dy, n);
        requireSize("dx", dx, n);
        for (long i = 0; i < n; i++) {
            double v = x.get(i);
            double tanh = Math.tanh(SQRT_2_OVER_PI * (v + CUBIC * v * v * v));
            double inner = SQRT_2_OVER_PI * (1 + 3 * CUBIC * v * v);
            dx.set(i, (float) (dy.get(i) * 0.5 * (1 + tanh + v * (1 - tanh * tanh) * inner)));
        }
    }

    /** silu(x) = x · sigmoid(x). */
    @Override
    public void swigluForward(int rows, int width, Tensor gateUp, Tensor y) {
        requireMatrix("gateUp", gateUp, rows, Math.multiplyExact(2, width), Math.multiplyExact(2, width));
        requireMatrix("y", y, rows, width, width);
        for (int r = 0; r < rows; r++) {
            for (int i = 0; i < width; i++) {
                double gate = gateUp.get(2L * r * width + i);
                double up = gateUp.get((2L * r + 1) * width + i);
                y.set((long) r * width + i, (float) (gate / (1 + Math.exp(-gate)) * up));
            }
        }
    }

    @Override
    public void swigluBackward(int rows, int width, Tensor gateUp, Tensor dy, Tensor dGateUp) {
        requireMatrix("gateUp", gateUp, rows, Math.multiplyExact(2, width), Math.multiplyExact(2, width));
        requireMatrix("dGateUp", dGateUp, rows, Math.multiplyExact(2, width), Math.multiplyExact(2, width));
        requireMatrix("dy", dy, rows, width, width);
        for (int r = 0; r < rows; r++) {
            for (int i = 0; i < width; i++) {
                long gateAt = 2L * r * width + i;
                long upAt = gateAt + width;
                double gate = gateUp.get(gateAt);
                double up = gateUp.get(upAt);
                double d = dy.get((long) r * width + i);
                double sigmoid = 1 / (1 + Math.exp(-gate));
                dGateUp.set(gateAt, (float) (d * up * sigmoid * (1 + gate * (1 - sigmoid))));
                dGateUp.set(upAt, (float) (d * gate * sigmoid));
            }
        }
    }
}
