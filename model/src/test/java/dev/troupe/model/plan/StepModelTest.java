package dev.troupe.model.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.data.Percentage.withPercentage;

import dev.troupe.model.plan.schedule.PipelineSimulator;
import dev.troupe.model.plan.schedule.SimulatedStep;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The closed form of a step against its simulation, and the traffic of each axis against the papers' counts. */
class StepModelTest {
    private static final ModelShape GPT3 = ModelShape.gpt(96, 12_288, 96, 51_200, 2048);

    private static Cluster a100(int devices) {
        return new Cluster(devices, 8, Accelerator.named("a100"), Cluster.FITTED_EFFICIENCY, 0.92);
    }

    private static TrainingJob job(ModelShape shape, int batch, boolean modern) {
        return new TrainingJob(shape, StatePrecision.BF16, batch, modern, modern);
    }

    private static Layout layout(int d, int t, int p, int micro, int chunks, ZeroStage zero, Recompute recompute) {
        return new Layout(new Mesh(d, t, p), micro, chunks, zero, recompute, t > 1);
    }

    /**
     * What a pipeline adds in closed form is exact for equal stages; here the last stage has the logits and links take
     * time as well, whose effects the formula adds up and the simulation lets overlap: 3 percent, 8 where chunks are
     * interleaved.
     */
    @Test
    void simulatedStepIsTheEstimate() {
        long seed = 23;
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        int[] sizes = {1, 2, 4, 8, 16};
        for (int round = 0; round < 60; round++) {
            int p = sizes[random.nextInt(5)];
            int d = sizes[random.nextInt(3)];
            int chunks = p > 1 ? 1 + random.nextInt(3) : 1;
            int microBatches = p * (1 + random.nextInt(8));
            boolean modern = random.nextBoolean();
            ZeroStage zero = random.nextBoolean() && d > 1 ? ZeroStage.OPTIMIZER : ZeroStage.NONE;
            Recompute recompute = List.of(Recompute.values()).get(random.nextInt(3));
            Layout layout = layout(d, 8, p, 1, chunks, zero, recompute);
            StepModel model = new StepModel(job(GPT3, d * microBatches, modern), a100(8 * d * p));
            double estimate = model.estimate(layout).seconds();
            SimulatedStep simulated = PipelineSimulator.run(model.work(layout));
            // Interleaved chunks reduce their gradients before the stage has finished, which the formula does not
            // count.
            double sooner = chunks == 1 ? 0.97 : 0.92;
            assertThat(simulated.stepSeconds() / estimate)
                    .as("%s, %d micro-batches", layout, microBatches)
                    .isBetween(sooner, 1.03);
        }
    }

    /** Four all-reduces of 2 s b h bytes a layer (section 2.3 of arXiv:2104.04473), six with full recomputation. */
    @Test
    void tensorParallelTraffic() {
        StepModel model = new StepModel(job(GPT3, 8, false), a100(8));
        double allReduce = 2 * 7.0 / 8 * 2 * 2048 * 12_288;
        assertThat(model.estimate(layout(1, 8, 1, 1, 1, ZeroStage.NONE, Recompute.NONE))
                        .tensor()
                        .bytes())
                .isCloseTo(96 * 8 * 4 * allReduce, withPercentage(1e-6));
        assertThat(model.estimate(layout(1, 8, 1, 1, 1, ZeroStage.NONE, Recompute.FULL))
                        .tensor()
                        .bytes())
                .isCloseTo(96 * 8 * 6 * allReduce, withPercentage(1e-6));
    }

    /**
     * Section 7 of arXiv:1910.02054: stages 0 to 2 move 2 P elements a step, stage 3 moves 3 P, with one micro-batch.
     */
    @Test
    void zeroTraffic() {
        ModelShape shape = ShapeOfParameters.find(7.5e9, 51_200, 2048);
        StepModel model = new StepModel(job(shape, 64, true), a100(64));
        double elements = shape.parameters() * 63 / 64;
        int[] times = {2, 2, 2, 3};
        for (ZeroStage zero : ZeroStage.values()) {
            double bytes = model.estimate(layout(64, 1, 1, 1, 1, zero, Recompute.FULL))
                    .data()
                    .bytes();
            assertThat(bytes / 2)
                    .as("stage %d", zero.number())
                    .isCloseTo(times[zero.number()] * elements, withPercentage(0.1));
        }
    }

    /** A ring within a node and one across nodes: 8 nodes of 8 move 7/8 within and 7/8 of an eighth across. */
    @Test
    void collectivesAreOfTwoLevels() {
        Collectives collectives = new Collectives(a100(64));
        double bytes = 1e12;
        double expected = 7.0 / 8 * bytes / (0.8 * 300e9) + 7.0 / 8 * bytes / 8 / (0.8 * 25e9);
        assertThat(collectives.gatherSeconds(64, 1, bytes)).isCloseTo(expected, withPercentage(0.01));
        assertThat(collectives.gatherSeconds(8, 8, bytes))
                .isCloseTo(7.0 / 8 * bytes / (0.8 * 25e9), withPercentage(0.01));
        assertThat(collectives.gatherSeconds(1, 1, bytes)).isZero();
    }

    /** Utilization, rate and days are the same number three times. */
    @ParameterizedTest
    @CsvSource({"NONE", "SELECTIVE", "FULL"})
    void ratesAgree(Recompute recompute) {
        StepModel model = new StepModel(job(GPT3, 1536, false), a100(1024));
        StepEstimate step = model.estimate(layout(16, 8, 8, 1, 1, ZeroStage.OPTIMIZER, recompute));
        double tokens = 300e9;
        assertThat(step.days(tokens) * 86_400 / step.seconds() * 1536 * 2048).isCloseTo(tokens, withPercentage(1e-6));
        assertThat(step.utilization())
                .isCloseTo(step.tokensPerSecond() * ModelFlops.perToken(GPT3) / (1024 * 312e12), within(1e-9));
        assertThat(step.hardwareUtilization())
                .isGreaterThanOrEqualTo(step.utilization())
                .isLessThan(1);
        assertThat(step.parts().byName().values().stream()
                        .mapToDouble(Double::doubleValue)
                        .sum())
                .isCloseTo(step.seconds(), within(1e-9));
        assertThat(List.copyOf(step.parts().byName().values())).allMatch(seconds -> seconds >= 0);
    }
}
