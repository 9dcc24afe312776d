package dev.troupe.model.kernel.gemm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.TestedProviders;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.kernel.vector.Bf16Lanes;
import dev.troupe.model.kernel.vector.Fp16Lanes;
import dev.troupe.model.sampling.CounterRandom;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** {@link Gemm#multiplyAdd} of every provider: against float64, and bit for bit against its other forms. */
public class GemmAddTest {
    private static final long SEED = 31;
    private static final int[][] SHAPES = { // m, n, k
        {1, 1, 1},
        {1, 17, 300},
        {2, 64, 16},
        {5, 15, 7},
        {23, 65, 33},
        {24, 16, 0},
        {25, 128, 257},
        {48, 63, 512},
        {97, 131, 67},
        {128, 130, 769},
        {200, 48, 96},
        {13, 33, 8200}, // longer than a span of the vector product
        {157, 34, 4100}
    };

    private record Reference(Precision rounds, Transpose ta, Transpose tb, int m, int n, int k) {}

    /** The reference takes longer than most providers, several of which round as one. */
    private static final Map<Reference, double[]> PRODUCTS = new HashMap<>();

    private static final Map<Long, float[]> NUMBERS = new HashMap<>(); // by stream, as many as were needed

    @AfterAll
    static void forget() {
        PRODUCTS.clear();
        NUMBERS.clear();
    }

    static Stream<Arguments> cases() {
        List<Arguments> cases = new ArrayList<>();
        for (String backend : TestedProviders.names()) {
            for (int[] shape : SHAPES) {
                cases.add(Arguments.of(backend, shape[0], shape[1], shape[2]));
            }
        }
        return cases.stream();
    }

    private static Tensor random(TensorArena arena, long stream, int rows, int columns) {
        Tensor tensor = arena.allocate(rows, columns);
        int size = Math.toIntExact(tensor.size());
        float[] known = NUMBERS.getOrDefault(stream, new float[0]);
        if (known.length < size) {
            float[] more = Arrays.copyOf(known, size);
            for (int i = known.length; i < size; i++) {
                more[i] = (float) CounterRandom.normal(SEED, stream, i);
            }
            NUMBERS.put(stream, more);
            known = more;
        }
        MemorySegment.copy(known, 0, tensor.segment(), ValueLayout.JAVA_FLOAT, 0, size);
        return tensor;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void addsAndIsTheSameInEveryForm(String backend, int m, int n, int k) {
        try (TensorArena arena = TensorArena.open("test");
                FixedComputePool pool = FixedComputePool.create(2)) {
            Kernels kernels = TestedProviders.assumed(backend).create(pool);
            Gemm gemm = kernels.gemm();
            Precision rounds = kernels.precision();
            Tensor bias = random(arena, 4, 1, n);
            Tensor addend = random(arena, 5, m, n);
            for (Transpose ta : Transpose.values()) {
                for (Transpose tb : Transpose.values()) {
                    Tensor a = ta == Transpose.NO ? random(arena, 1, m, k) : random(arena, 1, k, m);
                    Tensor b = tb == Transpose.NO ? random(arena, 2, k, n) : random(arena, 2, n, k);
                    int lda = a.dim(1);
                    int ldb = b.dim(1);
                    Tensor c = random(arena, 3, m, n);
                    gemm.multiplyAdd(ta, tb, m, n, k, a, lda, b, ldb, c, n, addend, bias);
                    String what = backend + " " + ta + " " + tb + ", seed " + SEED;
                    double[] product =
                            PRODUCTS.computeIfAbsent(new Reference(rounds, ta, tb, m, n, k), r -> product(r, a, b));
                    assertSum(what, k, product, c, addend, bias);

                    Tensor inPlace = arena.allocate(m, n);
                    inPlace.copyFrom(addend);
                    gemm.multiplyAdd(ta, tb, m, n, k, a, lda, b, ldb, inPlace, n, inPlace, bias);
                    assertThat(inPlace.toArray()).as(what).isEqualTo(c.toArray());

                    gemm.multiplyAdd(ta, tb, m, n, k, a, lda, b, ldb, c, n, null, null);
                    assertSum(what, k, product, c, null, null);
                    if (ta == Transpose.NO) {
                        PackedMatrix packed = gemm.pack(tb, k, n, b, ldb, arena);
                        Tensor other = arena.allocate(m, n);
                        gemm.multiplyPacked(m, a, lda, packed, null, other, n, false);
                        assertThat(other.toArray()).as(what).isEqualTo(c.toArray());
                        other.copyFrom(addend);
                        gemm.multiplyPacked(m, a, lda, packed, bias, other, n, true);
                        assertThat(other.toArray()).as(what).isEqualTo(inPlace.toArray());
                    }
                }
            }
        }
    }

    /** A x B of rounded numbers, in float64 [m, n]. */
    private static double[] product(Reference of, Tensor a, Tensor b) {
        int m = of.m;
        int n = of.n;
        int k = of.k;
        float[] left = rounded(of.rounds, a);
        float[] right = rounded(of.rounds, b);
        double[] product = new double[m * n];
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                double sum = 0;
                for (int p = 0; p < k; p++) {
                    float x = left[of.ta == Transpose.YES ? p * m + i : i * k + p];
                    float y = right[of.tb == Transpose.YES ? j * k + p : p * n + j];
                    sum += (double) x * y;
                }
                product[i * n + j] = sum;
            }
        }
        return product;
    }

    private static void assertSum(
            String what, int k, double[] product, Tensor c, @Nullable Tensor addend, @Nullable Tensor bias) {
        int n = c.dim(1);
        for (int at = 0; at < product.length; at++) {
            double sum = product[at] + (addend == null ? 0 : addend.get(at)) + (bias == null ? 0 : bias.get(at % n));
            if (!(Math.abs(c.get(at) - sum) <= 1e-6 * (4 + k))) {
                fail("%s [%d, %d]: %s instead of %s", what, at / n, at % n, c.get(at), sum);
            }
        }
    }

    private static float[] rounded(Precision precision, Tensor tensor) {
        float[] numbers = tensor.toArray();
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = rounded(precision, numbers[i]);
        }
        return numbers;
    }

    private static float rounded(Precision precision, float x) {
        return switch (precision) {
            case FP32 -> x;
            case BF16 -> Bf16Lanes.round(x);
            case FP16 -> Fp16Lanes.round(x);
        };
    }
}
