package dev.troupe.model.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.kernel.attention.AttentionShape;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * The scalar backward kernels against central differences of the scalar forward ones; the loss is a fixed weighting.
 */
class ScalarGradientTest {
    private static final long SEED = 11;
    private static final float STEP = 1e-2f;

    private final FixedComputePool pool = FixedComputePool.create(1);
    private final TensorArena arena = TensorArena.open("test");
    private final Kernels kernels = new ScalarKernelProvider().create(pool);
    private final SplittableRandom random = new SplittableRandom(SEED);

    @AfterEach
    void close() {
        arena.close();
        pool.close();
    }

    private Tensor normal(int... shape) {
        Tensor tensor = arena.allocate(shape);
        for (long i = 0; i < tensor.size(); i++) {
            tensor.set(i, (float) random.nextGaussian());
        }
        return tensor;
    }

    private static double dot(Tensor a, Tensor b) {
        double sum = 0;
        for (long i = 0; i < a.size(); i++) {
            sum += (double) a.get(i) * b.get(i);
        }
        return sum;
    }

    /** Compares {@code gradient} of {@code input} with what the loss does when each element is moved. */
    private static void check(String name, Tensor input, Tensor gradient, DoubleSupplier loss) {
        double worst = 0;
        double greatest = 0;
        for (long i = 0; i < input.size(); i++) {
            float value = input.get(i);
            input.set(i, value + STEP);
            double up = loss.getAsDouble();
            input.set(i, value - STEP);
            double down = loss.getAsDouble();
            input.set(i, value);
            worst = Math.max(worst, Math.abs((up - down) / (2 * STEP) - gradient.get(i)));
            greatest = Math.max(greatest, Math.abs(gradient.get(i)));
        }
        assertThat(worst / greatest).as("%s, seed %d", name, SEED).isLessThan(1e-3);
    }

    @Test
    void norms() {
        int rows = 3;
        int dim = 7;
        Tensor x = normal(rows, dim);
        Tensor weight = normal(dim);
        Tensor bias = normal(dim);
        Tensor dy = normal(rows, dim);
        Tensor y = arena.allocate(rows, dim);
        Tensor mean = arena.allocate(rows);
        Tensor rstd = arena.allocate(rows);
        Tensor dx = arena.allocate(rows, dim);
        Tensor dWeight = arena.allocate(dim);
        Tensor dBias = arena.allocate(dim);
        DoubleSupplier layer = () -> {
            kernels.normalization().layerForward(rows, dim, 1e-5f, x, weight, bias, y, mean, rstd);
            return dot(y, dy);
        };
        assertThat(layer.getAsDouble()).isFinite();
        kernels.normalization().layerBackward(rows, dim, x, weight, mean, rstd, dy, dx, dWeight, dBias);
        check("layer x", x, dx, layer);
        check("layer weight", weight, dWeight, layer);
        check("layer bias", bias, dBias, layer);
        dx.zero();
        dWeight.zero();
        DoubleSupplier rms = () -> {
            kernels.normalization().rmsForward(rows, dim, 1e-5f, x, weight, y, rstd);
            return dot(y, dy);
        };
        assertThat(rms.getAsDouble()).isFinite();
        kernels.normalization().rmsBackward(rows, dim, x, weight, rstd, dy, dx, dWeight);
        check("rms x", x, dx, rms);
        check("rms weight", weight, dWeight, rms);
    }

    @Test
    void activations() {
        Tensor x = normal(2, 10);
        Tensor dy = normal(2, 10);
        Tensor y = arena.allocate(2, 10);
        Tensor dx = arena.allocate(2, 10);
        kernels.activation().geluBackward(20, x, dy, dx);
        check("gelu", x, dx, () -> {
            kernels.activation().geluForward(20, x, y);
            return dot(y, dy);
        });
        Tensor half = arena.allocate(2, 5);
        Tensor dHalf = normal(2, 5);
        kernels.activation().swigluBackward(2, 5, x, dHalf, dx);
        check("swiglu", x, dx, () -> {
            kernels.activation().swigluForward(2, 5, x, half);
            return dot(half, dHalf);
        });
    }

    @Test
    void attention() {
        AttentionShape shape = new AttentionShape(4, 2, 3);
        int rows = 2 * 5;
        Tensor qkv = normal(rows, shape.fusedWidth());
        Tensor dOut = normal(rows, shape.queryWidth());
        Tensor out = arena.allocate(rows, shape.queryWidth());
        Tensor lse = arena.allocate(rows, 4);
        Tensor dQkv = arena.allocate(rows, shape.fusedWidth());
        kernels.attention().forward(shape, 2, 5, qkv, out, lse);
        kernels.attention().backward(shape, 2, 5, qkv, out, lse, dOut, dQkv);
        check("attention", qkv, dQkv, () -> {
            kernels.attention().forward(shape, 2, 5, qkv, out, lse);
            return dot(out, dOut);
        });
    }

    @Test
    void crossEntropy() {
        int[] targets = {2, -1, 6};
        Tensor logits = normal(3, 7);
        Tensor gradient = arena.allocate(3, 7);
        Tensor losses = arena.allocate(3);
        gradient.copyFrom(logits);
        kernels.crossEntropy().forwardBackward(3, 7, gradient, targets, 1, losses);
        check("cross entropy", logits, gradient, () -> {
            kernels.crossEntropy().forward(3, 7, logits, targets, losses);
            return losses.get(0) + losses.get(1) + losses.get(2);
        });
    }
}
