package dev.troupe.model.kernel;

import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.util.SplittableRandom;

/** Inputs of kernels' tests. */
public final class TestTensors {
    private TestTensors() {}

    /** Normal numbers, the same for the same seed. */
    public static Tensor normal(TensorArena arena, long seed, int... shape) {
        SplittableRandom random = new SplittableRandom(seed);
        Tensor tensor = arena.allocate(shape);
        for (long i = 0; i < tensor.size(); i++) {
            tensor.set(i, (float) random.nextGaussian());
        }
        return tensor;
    }

    /**
     * How far a product is from that of the real numbers.
     *
     * @param a [m, k]
     * @param w [n, k]
     * @param c [m, n]
     * @return root of the mean square of the differences of C to A · Wᵀ over that of the latter
     */
    public static double relativeError(Tensor a, Tensor w, Tensor c) {
        int m = a.dim(0);
        int n = w.dim(0);
        int k = a.dim(1);
        double squares = 0;
        double differences = 0;
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                double sum = 0;
                for (int p = 0; p < k; p++) {
                    sum += (double) a.get((long) i * k + p) * w.get((long) j * k + p);
                }
                squares += sum * sum;
                differences += Math.pow(sum - c.get((long) i * n + j), 2);
            }
        }
        return Math.sqrt(differences / squares);
    }
}
