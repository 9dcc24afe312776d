package dev.troupe.model.kernel.attention;

import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.sampling.CounterRandom;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Attention, forward and backward, over a sequence whose scores would not fit: prints by how many bytes the process
 * grew, and the largest error of some rows against float64. A program of its own, for its memory is measured.
 */
final class LongAttention {
    static final int TIME = 40_000;

    private static final int DIM = 16;
    private static final int WIDTH = 3 * DIM;
    private static final double SCALE = 1 / Math.sqrt(DIM);

    private LongAttention() {}

    /** Prints bytes, error of the output and error of the queries' gradient. */
    public static void main(String[] args) throws IOException {
        AttentionShape shape = new AttentionShape(1, 1, DIM);
        try (TensorArena arena = TensorArena.open("test");
                FixedComputePool pool = FixedComputePool.create(2)) {
            Attention attention = KernelProviders.select("vector").create(pool).attention();
            Tensor qkv = random(arena, 1, WIDTH);
            Tensor dOut = random(arena, 2, DIM);
            Tensor out = arena.allocate(TIME, DIM);
            Tensor dQkv = arena.allocate(TIME, WIDTH);
            Tensor logSumExp = arena.allocate(TIME);
            long before = peakBytes();
            attention.forward(shape, 1, TIME, qkv, out, logSumExp);
            attention.backward(shape, 1, TIME, qkv, out, logSumExp, dOut, dQkv);
            long grown = peakBytes() - before;
            double outError = 0;
            double gradientError = 0;
            for (int row : new int[] {0, 1, 12_345, TIME / 2, TIME - 1}) {
                Reference reference = Reference.of(row, qkv, dOut);
                for (int d = 0; d < DIM; d++) {
                    outError = Math.max(outError, Math.abs(reference.out[d] - out.get((long) row * DIM + d)));
                    double query = dQkv.get((long) row * WIDTH + d);
                    gradientError = Math.max(gradientError, Math.abs(reference.dQuery[d] - query));
                }
            }
            System.out.println(grown + " " + outError + " " + gradientError);
        }
    }

    private static Tensor random(TensorArena arena, long stream, int width) {
        Tensor tensor = arena.allocate(TIME, width);
        for (long i = 0; i < tensor.size(); i++) {
            tensor.set(i, (float) CounterRandom.normal(7, stream, i));
        }
        return tensor;
    }

    /** The largest size that the process has had in memory. */
    private static long peakBytes() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmHWM:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) << 10;
            }
        }
        throw new IOException("/proc/self/status has no VmHWM");
    }

    /** One row in float64, straight from the definition. */
    private static final class Reference {
        private final double[] out = new double[DIM];
        private final double[] dQuery = new double[DIM];

        static Reference of(int row, Tensor qkv, Tensor dOut) {
            Reference reference = new Reference();
            double[] p = new double[row + 1];
            double largest = Double.NEGATIVE_INFINITY;
            for (int key = 0; key <= row; key++) {
                p[key] = SCALE * dot(qkv, row, 0, qkv, key, DIM);
                largest = Math.max(largest, p[key]);
            }
            double sum = 0;
            for (int key = 0; key <= row; key++) {
                p[key] = Math.exp(p[key] - largest);
                sum += p[key];
            }
            double mean = 0; // of what the scores' gradients are relative to
            double[] dP = new double[row + 1];
            for (int key = 0; key <= row; key++) {
                p[key] /= sum;
                for (int d = 0; d < DIM; d++) {
                    double value = qkv.get((long) key * WIDTH + 2 * DIM + d);
                    reference.out[d] += p[key] * value;
                    dP[key] += dOut.get((long) row * DIM + d) * value;
                }
                mean += p[key] * dP[key];
            }
            for (int key = 0; key <= row; key++) {
                for (int d = 0; d < DIM; d++) {
                    reference.dQuery[d] += SCALE * p[key] * (dP[key] - mean) * qkv.get((long) key * WIDTH + DIM + d);
                }
            }
            return reference;
        }

        private static double dot(Tensor a, int rowA, int fromA, Tensor b, int rowB, int fromB) {
            double sum = 0;
            for (int d = 0; d < DIM; d++) {
                sum += (double) a.get((long) rowA * WIDTH + fromA + d) * b.get((long) rowB * WIDTH + fromB + d);
            }
            return sum;
        }
    }
}
