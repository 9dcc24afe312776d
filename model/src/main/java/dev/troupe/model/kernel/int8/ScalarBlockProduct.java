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

        private final int group; // inputs that share a scale

        Row(BlockWeight w, int j) {
            group = w.group();
            numbers = new int[w.k()];
            scales = new float[w.k() / group];
            shifts = new float[w.type() == StorageType.Q4_K ? scales.length : 0];
            for (int i = 0; i < numbers.length; i++) {
                numbers[i] = w.number(j, i);
            }
            for (int i = 0; i < scales.length; i++) {
                scales[i] = w.scale(j, i);
            }
            for (int i = 0; i < shifts.length; i++) {
                shifts[i] = w.shift(j, i);
            }
        }
    }

    private static float sum(int[] numbers, float[] scales, Row row) {
        float sum = 0;
        int group = row.group;
        for (int from = 0; from < numbers.length; from += group) {
            int products = 0;
            int total = 0;
            for (int i = from; i < from + group; i++) {
                products += row.numbers[i] * numbers[i];
                total += numbers[i];
            }
            float scale = scales[from / RUN];
            sum = Math.fma(products * scale, row.scales[from / group], sum);
            if (row.shifts.length > 0) {
                sum = Math.fma(total * scale, row.shifts[from / group], sum);
            }
        }
        return sum;
    }
}
