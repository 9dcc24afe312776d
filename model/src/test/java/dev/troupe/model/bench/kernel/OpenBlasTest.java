package dev.troupe.model.bench.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.troupe.model.kernel.gemm.ScalarGemm;
import dev.troupe.model.kernel.gemm.Transpose;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** That the peer which products are compared with computes the same products. */
class OpenBlasTest {
    private static final int M = 5;
    private static final int N = 7;
    private static final int K = 3;

    @ParameterizedTest
    @CsvSource({"NO, NO, false", "NO, YES, true", "YES, NO, true", "YES, YES, false"})
    void computesTheSameProduct(Transpose transposeA, Transpose transposeB, boolean accumulate) {
        Assumptions.assumeTrue(OpenBlas.installed().isPresent(), "OpenBLAS is not installed here");
        OpenBlas blas = OpenBlas.installed().orElseThrow();
        blas.useThreads(1);
        int lda = transposeA == Transpose.YES ? M : K;
        int ldb = transposeB == Transpose.YES ? K : N;
        try (TensorArena arena = TensorArena.open("test.openblas")) {
            Tensor a = BenchInputs.random(arena, M, K);
            Tensor b = BenchInputs.random(arena, K, N);
            Tensor expected = BenchInputs.random(arena, M, N);
            Tensor actual = BenchInputs.random(arena, M, N);

            new ScalarGemm().multiply(transposeA, transposeB, M, N, K, a, lda, b, ldb, expected, N, accumulate);
            blas.multiply(transposeA, transposeB, M, N, K, a, lda, b, ldb, actual, N, accumulate);

            for (int i = 0; i < M * N; i++) {
                assertThat(actual.get(i)).isCloseTo(expected.get(i), within(1e-6f));
            }
        }
    }
}
