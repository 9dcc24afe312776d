package dev.troupe.deploy.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.bench.InferenceShape;
import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.transformer.InferenceSettings;
import org.junit.jupiter.api.Test;

class DraftBenchTest {
    @Test
    void aDraftOfTheSameShapeGuessesEveryToken() {
        InferenceShape tiny = InferenceShape.named("tiny");
        try (FixedComputePool pool = FixedComputePool.create(1)) {
            DraftBench.Report report = DraftBench.run(
                    tiny,
                    tiny,
                    InferenceSettings.EXACT,
                    KernelProviders.select("auto", Precision.FP32).create(pool),
                    pool);
            assertThat(report.same()).isTrue();
            assertThat(report.numDrafted()).isPositive().isEqualTo(report.numAccepted());
            assertThat(report.steps()).isLessThan(report.plainSteps() / 3);
            assertThat(report.tokensPerSecond()).isPositive();
        }
    }
}
