package dev.troupe.model.kernel.int8;

import dev.troupe.model.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** The reference: a row of A is rounded, then multiplied with every row of W. */
public final class ScalarInt8Product implements Int8Product {
    @Override
    public void multiply(
            int m, Tensor a, int lda, Int8Weight w, @Nullable Tensor bias, Tensor c, int ldc, boolean accumulate) {
        w.requireProduct(m, a, lda, bias, c, ldc);
        float[] row = new float[w.k()];
        int[] numbers = new int[w.k()];
        for (int i = 0; i < m; i++) {
            for (int p = 0; p < row.length; p++) {
                row[p] = a.get((long) i * lda + p);
            }
            float greatest = Int8Rounding.greatest(row);
            float scale = Int8Rounding.scale(greatest);
            float inverse = Int8Rounding.inverse(greatest);
            for (int p = 0; p < row.length; p++) {
                numbers[p] = Int8Rounding.round(row[p], inverse);
            }
            for (int j = 0; j < w.n(); j++) {
                long at = (long) i * ldc + j;
                float product = sum(numbers, w, j) * scale * w.scale(j);
                float value = accumulate ? c.get(at) + product : product;
                c.set(at, bias == null ? value : value + bias.get(j));
            }
        }
    }

    private static int sum(int[] numbers, Int8Weight w, int j) {
        int sum = 0;
        for (int p = 0; p < numbers.length; p++) {
            sum += numbers[p] * w.number(j, p);
        }
        return sum;
    }
}
