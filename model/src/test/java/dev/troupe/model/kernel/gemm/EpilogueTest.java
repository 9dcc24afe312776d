package dev.troupe.model.kernel.gemm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.TestedProviders;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.sampling.CounterRandom;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A product with its activation has the bits of the two operations one after the other. */
class EpilogueTest {
    private static final int[][] SHAPES = { // m, n, k: few rows; blocks of rows; several groups of panels and spans
        {5, 66, 40}, {401, 130, 70}, {200, 1600, 4100}
    };

    static List<String> providers() {
        return TestedProviders.names();
    }

    private static Tensor random(TensorArena arena, long stream, int rows, int columns) {
        Tensor tensor = arena.allocate(rows, columns);
        for (long i = 0; i < tensor.size(); i++) {
            tensor.set(i, (float) CounterRandom.normal(5, stream, i) / 8);
        }
        return tensor;
    }

    @ParameterizedTest
    @MethodSource("providers")
    void hasTheBitsOfTwoOperations(String provider) {
        try (TensorArena arena = TensorArena.open("test");
                FixedComputePool pool = FixedComputePool.create(2)) {
            Kernels kernels = TestedProviders.assumed(provider).create(pool);
            for (int[] shape : SHAPES) {
                int m = shape[0];
                int n = shape[1];
                int k = provider.startsWith("scalar") ? Math.min(50, shape[2]) : shape[2];
                Tensor a = random(arena, 1, m, k);
                Tensor b = random(arena, 2, n, k);
                Tensor bias = random(arena, 3, 1, n);
                for (Epilogue epilogue : Epilogue.values()) {
                    int width = epilogue.width(n);
                    Tensor c = arena.allocate(m, n);
                    Tensor out = arena.allocate(m, width);
                    kernels.gemm()
                            .multiplyActivate(
                                    Transpose.NO,
                                    Transpose.YES,
                                    m,
                                    n,
                                    k,
                                    a,
                                    k,
                                    b,
                                    k,
                                    c,
                                    bias,
                                    epilogue,
                                    out,
                                    kernels.activation());
                    Tensor product = arena.allocate(m, n);
                    Tensor activated = arena.allocate(m, width);
                    kernels.gemm()
                            .multiplyAdd(Transpose.NO, Transpose.YES, m, n, k, a, k, b, k, product, n, null, bias);
                    epilogue.apply(kernels.activation(), m, n, product, activated);
                    String what = provider + ", " + m + " x " + n + " x " + k + ", " + epilogue;
                    assertThat(c.toArray()).as(what).isEqualTo(product.toArray());
                    assertThat(out.toArray()).as(what).isEqualTo(activated.toArray());
                }
            }
        }
    }
}
