package dev.troupe.model.kernel.int8;

import dev.troupe.model.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** The reference: all rows of W are read, then a row of A is rounded and multiplied with each. */
public final class ScalarInt8Product implements Int8Product {
    @Override
    public void multiply(
            int m, Tensor a, int lda, Int8Weight w, @Nullable Tensor bias, Tensor c, int ldc, boolean accumulate) {
        w.requireProduct(m, a, lda, bias, c, ldc);
        int[][] weights = weights(w);
        int[] numbers = new int[w.k()];
        for (int i = 0; i < m; i++) {
            float[] row = a.toArray((long) i * lda, w.k());
            float greatest = Int8Rounding.greatest(row);
            float scale = Int8Rounding.scale(greatest);
            float inverse = Int8Rounding.inverse(greatest);
            for (int p = 0; p < row.length; p++) {
                numbers[p] = Int8Rounding.round(row[p], inverse);
            }
            for (int j = 0; j < w.n(); j++) {
                long at = (long) i * ldc + j;
                float product = sum(numbers, weights[j]) * scale * w.scale(j);
                float value = accumulate ? c.get(at) + product : product;
                c.set(at, bias == null ? value : value + bias.get(j));
            }
        }
    }

    private static int[][] weights(Int8Weight w) {
        int[][] rows = new int[w.n()][w.k()];
        for (int j = 0; j < rows.length; j++) {
            for (int p = 0; p < w.k(); p++) {
                rows[j][p] = w.number(j, p);
            }
        }
        return rows;
    }

    private static int sum(int[] numbers, int[] weights) {
        int sum = 0;
        for (int p = 0; p < numbers.length; p++) {
            sum += numbers[p] * weights[p];
        }
        return sum;
    }
}
