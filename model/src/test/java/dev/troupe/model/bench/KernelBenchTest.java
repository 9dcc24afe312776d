package dev.troupe.model.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import dev.troupe.model.bench.kernel.BenchCase;
import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.tensor.TensorArena;
import org.junit.jupiter.api.Test;

class KernelBenchTest {
    @Test
    void filterFindsNamesAndShapesInAnyCase() {
        assertThat(KernelBench.cases("ADAMW")).extracting(BenchCase::kernel).containsExactly("adamw");
        assertThat(KernelBench.cases("16x3072x768"))
                .isNotEmpty()
                .allMatch(one -> one.kernel().startsWith("gemm"));
        assertThat(KernelBench.cases("packed 16X3072")).hasSize(1);
    }

    @Test
    void unknownFilterListsTheNames() {
        assertThatThrownBy(() -> KernelBench.cases("convolution"))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("convolution")
                .hasMessageContaining("gemm packed")
                .hasMessageContaining("attention backward");
    }

    @Test
    void everyCaseRuns() {
        try (ComputePool pool = FixedComputePool.create(2)) {
            Kernels kernels = KernelProviders.select("vector").create(pool);
            for (BenchCase one : KernelBench.cases("")) {
                try (TensorArena arena = TensorArena.open("test.bench")) {
                    one.preparation().prepare(kernels, arena).run();
                }
                assertThat(one.work().units()).as(one.kernel()).isPositive();
            }
        }
    }
}
