package dev.troupe.model.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.troupe.model.kernel.attention.AttentionShape;
import dev.troupe.model.kernel.check.KernelChecks;
import dev.troupe.model.kernel.check.KernelDifference;
import dev.troupe.model.kernel.check.KernelSelfCheck;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every provider that can run here against the scalar reference: empty, one, lanes ± 1, primes and real shapes. */
class KernelContractTest {
    private static final long SEED = 7;
    private static final int[] COUNTS = {0, 1, 2, 7, 13};
    private static final int[] WIDTHS = {1, 7, 8, 9, 15, 16, 17, 31, 33, 64, 127};

    static Stream<String> providers() {
        return KernelProviders.all().stream().map(KernelProvider::name);
    }

    private static void check(String name, Consumer<KernelChecks> sweep) {
        KernelProvider provider = KernelProviders.all().stream()
                .filter(p -> p.name().equals(name))
                .findFirst()
                .orElseThrow();
        assumeTrue(provider.unavailable().isEmpty(), () -> name + ": " + provider.unavailable());
        List<KernelDifference> differences = new ArrayList<>();
        try (FixedComputePool pool = FixedComputePool.create(2)) {
            Kernels reference = new ScalarKernelProvider().create(pool);
            sweep.accept(new KernelChecks(provider.create(pool), reference, SEED, differences::add));
        }
        assertThat(differences).as("seed %d", SEED).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("providers")
    void gemm(String provider) {
        check(provider, checks -> {
            for (int m : new int[] {0, 1, 2, 5, 6, 13, 50}) {
                for (int n : new int[] {0, 1, 15, 16, 17, 63, 65, 130}) {
                    for (int k : new int[] {0, 1, 17, 257}) {
                        checks.gemm(m, n, k);
                    }
                }
            }
            checks.gemm(97, 384, 128);
        });
    }

    @ParameterizedTest
    @MethodSource("providers")
    void normalization(String provider) {
        check(provider, checks -> sweep(checks::normalization, 768));
    }

    @ParameterizedTest
    @MethodSource("providers")
    void activation(String provider) {
        check(provider, checks -> sweep(checks::activation, 512));
    }

    @ParameterizedTest
    @MethodSource("providers")
    void crossEntropy(String provider) {
        check(provider, checks -> sweep(checks::crossEntropy, 4099));
    }

    @ParameterizedTest
    @MethodSource("providers")
    void embedding(String provider) {
        check(provider, checks -> sweep(checks::embedding, 384));
    }

    @ParameterizedTest
    @MethodSource("providers")
    void elementwise(String provider) {
        check(provider, checks -> sweep(checks::elementwise, 2048));
    }

    @ParameterizedTest
    @MethodSource("providers")
    void adamW(String provider) {
        check(provider, checks -> {
            for (int n : new int[] {0, 1, 15, 16, 17, 40_009}) {
                checks.adamW(n);
            }
        });
    }

    @ParameterizedTest
    @MethodSource("providers")
    void rotary(String provider) {
        check(provider, checks -> {
            for (int headDim : new int[] {2, 8, 30, 32, 34, 64}) {
                checks.rotary(0, 1, headDim);
                checks.rotary(9, 3, headDim);
            }
        });
    }

    @ParameterizedTest
    @MethodSource("providers")
    void attention(String provider) {
        check(provider, checks -> {
            for (int headDim : new int[] {1, 8, 16, 17, 32, 64}) {
                for (int time : new int[] {0, 1, 15, 16, 17, 25, 65}) {
                    for (int kvHeads : new int[] {1, 2, 4}) {
                        checks.attention(new AttentionShape(4, kvHeads, headDim), 2, time);
                        checks.cachedAttention(new AttentionShape(4, kvHeads, headDim), time);
                    }
                }
            }
        });
    }

    @ParameterizedTest
    @MethodSource("providers")
    void selfCheckFindsNothing(String provider) {
        try (FixedComputePool pool = FixedComputePool.create(2)) {
            assertThat(KernelSelfCheck.run(KernelProviders.select(provider).create(pool)))
                    .isEmpty();
        }
    }

    private interface Sweep {
        void at(int rows, int width);
    }

    private static void sweep(Sweep check, int realWidth) {
        for (int rows : COUNTS) {
            for (int width : WIDTHS) {
                check.at(rows, width);
            }
        }
        check.at(67, realWidth);
    }
}
