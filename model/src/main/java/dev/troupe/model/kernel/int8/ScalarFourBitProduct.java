package dev.troupe.model.kernel.int8;

import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The reference: a row of A is rounded, run by run, then multiplied with every row of W. */
public final class ScalarFourBitProduct implements FourBitProduct {
    private static final int RUN = FourBitWeight.RUN;

    @Override
    public void multiply(
            int m, Tensor a, int lda, FourBitWeight w, @Nullable Tensor bias, Tensor c, int ldc, boolean accumulate) {
        w.requireProduct(m, a, lda, bias, c, ldc);
        float[] row = new float[w.k()];
        int[] numbers = new int[w.k()];
        float[] scales = new float[w.k() / RUN];
        for (int i = 0; i < m; i++) {
            for (int p = 0; p < row.length; p++) {
                row[p] = a.get((long) i * lda + p);
            }
            round(row, numbers, scales);
            for (int j = 0; j < w.n(); j++) {
                long at = (long) i * ldc + j;
                float sum = sum(numbers, scales, w, j);
                float value = accumulate ? c.get(at) + sum : sum;
                c.set(at, bias == null ? value : value + bias.get(j));
            }
        }
    }

    private static void round(float[] row, int[] numbers, float[] scales) {
        for (int run = 0; run < scales.length; run++) {
            float greatest = Int8Rounding.greatest(Arrays.copyOfRange(row, run * RUN, (run + 1) * RUN));
            float inverse = Int8Rounding.inverse(greatest);
            scales[run] = Int8Rounding.scale(greatest);
            for (int p = run * RUN; p < (run + 1) * RUN; p++) {
                numbers[p] = Int8Rounding.round(row[p], inverse);
            }
        }
    }

    private static float sum(int[] numbers, float[] scales, FourBitWeight w, int j) {
        float sum = 0;
        for (int run = 0; run < scales.length; run++) {
            int products = 0;
            int total = 0;
            for (int i = 0; i < RUN; i++) {
                int x = numbers[run * RUN + i];
                products += (w.number(j, run, i) - FourBitWeight.ZERO) * x;
                total += x;
            }
            sum = Math.fma(products * scales[run], w.scale(j, run), sum);
            if (w.type() == StorageType.Q4_K) {
                sum = Math.fma(total * scales[run], w.shift(j, run), sum);
            }
        }
        return sum;
    }
}
