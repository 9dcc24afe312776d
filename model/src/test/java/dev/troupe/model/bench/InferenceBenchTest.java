package dev.troupe.model.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.tensor.NativeMemory;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.transformer.Decode;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.Prefill;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The bench runs, counts what it says and frees what it took; no speed is tested. */
class InferenceBenchTest {
    @Test
    void measuresASmallShape() {
        try (FixedComputePool pool = FixedComputePool.create(1)) {
            InferenceBench.Report report = InferenceBench.run(
                    InferenceShape.named("tiny"),
                    List.of(StorageType.F32, StorageType.Q8_0),
                    Prefill.EXACT,
                    Decode.EXACT,
                    KernelProviders.select("vector").create(pool),
                    pool,
                    true);
            assertThat(report.rows()).hasSize(2);
            for (InferenceBench.Row row : report.rows()) {
                assertThat(row.promptTokensPerSecond()).isPositive();
                assertThat(row.answerTokensPerSecond()).isPositive();
                assertThat(row.streamTokensPerSecond()).containsOnlyKeys(1, 4, 8, 16);
                assertThat(row.millisByPart().get("token")).containsKeys("gemm", "attention", "headAndLoss");
            }
            long floats = report.rows().getFirst().bytesPerToken() / Float.BYTES;
            assertThat(report.rows().getLast().bytesPerToken()).isEqualTo(floats / 32 * 34);
            assertThat(NativeMemory.bytes("inference")).isZero();
            assertThat(NativeMemory.bytes("bench.weights")).isZero();
        }
    }

    @Test
    void countsOperationsAndParameters() {
        for (InferenceShape shape : InferenceShape.ALL) {
            long embedding = (long) shape.vocab() * shape.dim() * (shape.tied() ? 1 : 2);
            long norms = (2L * shape.layers() + 1) * shape.dim();
            assertThat(ParameterLayout.of(shape.config()).size())
                    .isEqualTo(shape.layerParameters() + embedding + norms);
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> InferenceShape.named("7b"))
                .withMessageContaining("135m");
    }
}
