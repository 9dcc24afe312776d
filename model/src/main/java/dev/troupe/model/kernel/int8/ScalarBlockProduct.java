package dev.troupe.model.kernel.int8;

import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The reference: rows of A are rounded, run by run, then multiplied with every row of W, which is read once. */
public final class ScalarBlockProduct implements BlockProduct {
    private static final int RUN = BlockWeight.RUN;

    @Override
    public void multiply(
            int m, Tensor a, int lda, BlockWeight w, @Nullable Tensor bias, Tensor c, int ldc, boolean accumulate) {
        w.requireProduct(m, a, lda, bias, c, ldc);
        int[][] numbers = new int[m][w.k()];
        float[][] scales = new float[m][w.k() / RUN];
        for (int i = 0; i < m; i++) {
            round(a.toArray((long) i * lda, w.k()), numbers[i], scales[i]);
        }
        for (int j = 0; j < w.n(); j++) {
            Row row = new Row(w, j);
            for (int i = 0; i < m; i++) {
                long at = (long) i * ldc + j;
                float sum = sum(numbers[i], scales[i], row);
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

    /** A row of W, with shifts where its type has them. */
    private static final class Row {
        private final int[] numbers;
        private final float[] scales;
        private final float[] shifts;

        Row(BlockWeight w, int j) {
            numbers = new int[w.k()];
            scales = new float[w.k() / RUN];
            shifts = new float[w.type() == StorageType.Q4_K ? scales.length : 0];
            for (int run = 0; run < scales.length; run++) {
                scales[run] = w.scale(j, run);
                if (shifts.length > 0) {
                    shifts[run] = w.shift(j, run);
                }
                for (int i = 0; i < RUN; i++) {
                    numbers[run * RUN + i] = w.number(j, run, i);
                }
            }
        }
    }

    private static float sum(int[] numbers, float[] scales, Row row) {
        float sum = 0;
        for (int run = 0; run < scales.length; run++) {
            int products = 0;
            int total = 0;
            for (int i = 0; i < RUN; i++) {
                int x = numbers[run * RUN + i];
                products += row.numbers[run * RUN + i] * x;
                total += x;
            }
            sum = Math.fma(products * scales[run], row.scales[run], sum);
            if (row.shifts.length > 0) {
                sum = Math.fma(total * scales[run], row.shifts[run], sum);
            }
        }
        return sum;
    }
}
