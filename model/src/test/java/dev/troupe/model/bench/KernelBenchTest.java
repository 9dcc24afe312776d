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
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class KernelBenchTest {
    private final ComputePool pool = FixedComputePool.create(2);

    @AfterEach
    void close() {
        pool.close();
    }

    private List<BenchCase> cases(String filter) {
        return KernelBench.cases(filter, pool, false);
    }

    @Test
    void filterFindsNamesAndShapesInAnyCase() {
        assertThat(cases("ADAMW")).extracting(BenchCase::kernel).containsExactly("adamw");
        assertThat(cases("16x3072x768"))
                .isNotEmpty()
                .allMatch(one -> one.kernel().startsWith("gemm"));
        assertThat(cases("packed 16X3072")).hasSize(1);
    }

    @Test
    void unknownFilterListsTheNames() {
        assertThatThrownBy(() -> cases("convolution"))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("convolution")
                .hasMessageContaining("gemm packed")
                .hasMessageContaining("attention backward");
    }

    @Test
    void everyCaseRuns() {
        Kernels kernels = KernelProviders.select("vector").create(pool);
        for (BenchCase one : cases("")) {
            try (TensorArena arena = TensorArena.open("test.bench")) {
                one.preparation().prepare(kernels, arena).run();
            }
            assertThat(one.work().units()).as(one.kernel()).isPositive();
        }
    }

    @Test
    void whatRunsOnTheProcessorOnlyIsNotMeasuredOnADevice() {
        assertThat(cases("int8 product")).isNotEmpty();
        assertThat(KernelBench.cases("", pool, true))
                .noneMatch(one -> one.kernel().startsWith("int8 product"));
    }
}
