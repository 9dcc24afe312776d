package dev.troupe.model.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import dev.troupe.model.bench.kernel.BenchCase;
import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.onednn.OneDnnInt8Product;
import dev.troupe.model.kernel.onednn.OneDnnPromptProduct;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.tensor.TensorArena;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.BinaryOperator;
import java.util.function.Function;
import java.util.stream.Collectors;
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

    /** At the shape with the least work: all shapes would take minutes with code that is not compiled yet. */
    @Test
    void everyKernelRuns() {
        Kernels kernels = KernelProviders.select("vector").create(pool);
        Map<String, BenchCase> least = cases("").stream()
                .collect(Collectors.toMap(
                        BenchCase::kernel,
                        Function.identity(),
                        BinaryOperator.minBy(
                                Comparator.comparingDouble(one -> one.work().units()))));
        assertThat(least).hasSizeGreaterThan(20);
        for (BenchCase one : least.values()) {
            try (TensorArena arena = TensorArena.open("test.bench")) {
                one.preparation().prepare(kernels, arena).run();
            }
        }
        assertThat(cases("")).allMatch(one -> one.work().units() > 0);
    }

    @Test
    void efficiencyIsTheRateOfAThreadBesideThatOfOneAlone() {
        Timing alone = new Timing(3, 4, 5);
        assertThat(new Timing(1, 2, 8).efficiency(alone, 2)).isEqualTo(1);
        assertThat(new Timing(3, 4, 5).efficiency(alone, 2))
                .as("nothing gained")
                .isEqualTo(0.5);

        KernelBenchReport report = KernelBench.run(
                threads -> KernelProviders.select("vector").create(threads),
                pool,
                null,
                "greedy vocabulary 50257",
                true);
        assertThat(report.rows()).singleElement().satisfies(row -> {
            assertThat(row.rate()).isPositive();
            assertThat(row.efficiency()).isBetween(0.0, 2.0).isNotZero();
        });
        assertThat(report.tiles()).as("nothing here is in few bits").isEqualTo(TilePeak.NONE);
    }

    @Test
    void productsInFewBitsHaveLimitsOfTheirOwn() {
        TilePeak peak = TilePeak.measure(pool);
        boolean int8 = OneDnnInt8Product.unavailable().isEmpty();
        assertThat(peak.int8Gops() > 0).isEqualTo(int8);
        assertThat(peak.bf16Gflops() > 0)
                .isEqualTo(OneDnnPromptProduct.unavailable().isEmpty());
        assertThat(cases("int8 product Q8_0 512x"))
                .isNotEmpty()
                .allMatch(one -> one.work().limit() == BenchCase.Limit.INT8);
        assertThat(cases("block product Q8_0 512x"))
                .isNotEmpty()
                .allMatch(one -> one.work().limit() == BenchCase.Limit.INT8);
    }

    @Test
    void whatRunsOnTheProcessorOnlyIsNotMeasuredOnADevice() {
        assertThat(cases("int8 product")).isNotEmpty();
        assertThat(cases("block product")).isNotEmpty();
        assertThat(KernelBench.cases("", pool, true))
                .noneMatch(one -> one.kernel().startsWith("int8 product"))
                .noneMatch(one -> one.kernel().startsWith("block product"))
                .noneMatch(one -> one.kernel().startsWith("sampling"));
    }
}
