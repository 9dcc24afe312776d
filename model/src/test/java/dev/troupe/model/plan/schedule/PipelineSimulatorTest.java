package dev.troupe.model.plan.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.troupe.model.TroupeException;
import dev.troupe.model.plan.ActivationModel;
import dev.troupe.model.plan.PipelineFormula;
import dev.troupe.model.plan.schedule.StageTask.Pass;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The simulated step against the closed forms, which hold exactly for what they assume: only rounding is tolerated. */
class PipelineSimulatorTest {
    private static final double ROUNDING = 1e-9;
    private static final double FORWARD = 0.7;
    private static final double BACKWARD = 1.9;

    /** Stages, chunks and micro-batches: fewer micro-batches than stages, as many, primes, many. */
    static Stream<Arguments> shapes() {
        List<Arguments> shapes = new ArrayList<>();
        for (int stages : new int[] {1, 2, 3, 4, 5, 8, 16, 35}) {
            for (int microBatches : new int[] {1, 2, 3, 7, 8, 13, 64}) {
                shapes.add(Arguments.of(stages, 1, microBatches));
            }
            for (int chunks : new int[] {2, 3, 4}) {
                for (int groups : new int[] {1, 2, 3, 8}) {
                    if (stages > 1) {
                        shapes.add(Arguments.of(stages, chunks, groups * stages));
                    }
                }
            }
        }
        return shapes.stream();
    }

    /** Those whose micro-batches are a multiple of the stages, which the formula for transfers asks for. */
    static Stream<Arguments> multiples() {
        return shapes().filter(shape -> (int) shape.get()[2] % (int) shape.get()[0] == 0);
    }

    /** Those of 1F1B. */
    static Stream<Arguments> oneChunk() {
        return shapes().filter(shape -> (int) shape.get()[1] == 1);
    }

    private static PipelineWork uniform(int stages, int chunks, int microBatches) {
        return PipelineWork.uniform(
                PipelineSchedule.of(stages, chunks, microBatches),
                new PassSeconds(FORWARD / chunks, BACKWARD / chunks));
    }

    @ParameterizedTest(name = "{0} stages, {1} chunks, {2} micro-batches")
    @MethodSource("shapes")
    void equalStagesTakeTheTimeAndTheBubbleOfTheFormula(int stages, int chunks, int microBatches) {
        SimulatedStep step = PipelineSimulator.run(uniform(stages, chunks, microBatches));
        double both = FORWARD + BACKWARD;
        assertThat(step.pipelineSeconds())
                .isCloseTo(PipelineFormula.seconds(stages * both, both, chunks, microBatches), within(ROUNDING));
        assertThat(step.idleShare())
                .isCloseTo(PipelineFormula.bubbleShare(stages, chunks, microBatches), within(ROUNDING));
        assertThat(step.pipelineSeconds() / (microBatches * both) - 1)
                .isCloseTo(PipelineFormula.bubbleOverhead(stages, chunks, microBatches), within(ROUNDING));
        assertThat(step.tasks()).isEqualTo(2 * stages * chunks * microBatches);
        assertThat(step.stepSeconds()).isEqualTo(step.pipelineSeconds());
    }

    /** Most micro-batches in flight are what the memory of activations is computed from. */
    @ParameterizedTest(name = "{0} stages, {1} chunks, {2} micro-batches")
    @MethodSource("shapes")
    void microBatchesInFlightAreThoseOfTheMemoryModel(int stages, int chunks, int microBatches) {
        SimulatedStep step = PipelineSimulator.run(uniform(stages, chunks, microBatches));
        double expected = ActivationModel.inFlight(stages, chunks, microBatches);
        assertThat((double) step.peakChunks().getFirst() / chunks).isCloseTo(expected, within(ROUNDING));
        assertThat(step.peakChunks())
                .allMatch(chunksInFlight -> chunksInFlight <= step.peakChunks().getFirst());
    }

    @ParameterizedTest(name = "{0} stages, {1} chunks, {2} micro-batches")
    @MethodSource("shapes")
    void eachStageRunsEveryPassOnce(int stages, int chunks, int microBatches) {
        PipelineSchedule schedule = PipelineSchedule.of(stages, chunks, microBatches);
        for (int stage = 0; stage < stages; stage++) {
            List<StageTask> tasks = schedule.tasks(stage);
            assertThat(tasks).hasSize(2 * chunks * microBatches);
            assertThat(new HashSet<>(tasks)).hasSize(tasks.size());
            for (StageTask task : tasks) {
                StageTask forward = new StageTask(Pass.FORWARD, task.microBatch(), task.chunk());
                assertThat(tasks.indexOf(forward)).isLessThanOrEqualTo(tasks.indexOf(task));
            }
        }
    }

    /** Links of a time: 1F1B waits for one round trip of every p micro-batches, interleaved only at its ends. */
    @ParameterizedTest(name = "{0} stages, {1} chunks, {2} micro-batches")
    @MethodSource("multiples")
    void transfersAddWhatTheFormulaSays(int stages, int chunks, int microBatches) {
        PipelineWork work = uniform(stages, chunks, microBatches);
        double transfer = 0.05 * FORWARD / chunks;
        double added = PipelineSimulator.run(work.withTransfers(transfer)).pipelineSeconds()
                - PipelineSimulator.run(work).pipelineSeconds();
        assertThat(added)
                .isCloseTo(PipelineFormula.transferSeconds(stages, chunks, microBatches, transfer), within(ROUNDING));
    }

    /** Links that are slower than the stages set the pace: a step is no faster than what they carry. */
    @Test
    void slowLinksSetThePace() {
        PipelineWork work = uniform(4, 1, 32);
        double before = PipelineSimulator.run(work).pipelineSeconds();
        for (double transfer : new double[] {0.1, 1, 5, 25}) {
            SimulatedStep step = PipelineSimulator.run(work.withTransfers(transfer));
            assertThat(step.pipelineSeconds()).isGreaterThan(before).isGreaterThanOrEqualTo(32 * transfer);
            assertThat(step.idleShare()).isBetween(0.0, 1.0);
            before = step.pipelineSeconds();
        }
    }

    /** A last stage that is slower, as with a large vocabulary: the formula for stages that differ is exact. */
    @ParameterizedTest(name = "{0} stages, {1} chunks, {2} micro-batches")
    @MethodSource("oneChunk")
    void slowLastStage(int stages, int chunks, int microBatches) {
        List<PassSeconds> pieces =
                new ArrayList<>(uniform(stages, 1, microBatches).pieces());
        pieces.set(stages - 1, new PassSeconds(1.5 * FORWARD, 1.5 * BACKWARD));
        double sum = pieces.stream().mapToDouble(PassSeconds::both).sum();
        double slowest = pieces.getLast().both();
        assertThat(simulate(pieces, stages, 1, microBatches))
                .isCloseTo(PipelineFormula.seconds(sum, slowest, 1, microBatches), within(ROUNDING));
    }

    private static double simulate(List<PassSeconds> pieces, int stages, int chunks, int microBatches) {
        return PipelineSimulator.run(
                        new PipelineWork(PipelineSchedule.of(stages, chunks, microBatches), pieces, 0, 0, 1, 0))
                .pipelineSeconds();
    }

    /**
     * Stages that differ at random: never faster than the slowest stage's work, and under 1F1B never above the formula.
     */
    @Test
    void unevenStagesStayWithinTheBounds() {
        long seed = 11;
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            int stages = 2 + random.nextInt(7);
            int microBatches = 1 + random.nextInt(30);
            List<PassSeconds> pieces = new ArrayList<>();
            for (int stage = 0; stage < stages; stage++) {
                double forward = 0.2 + random.nextDouble();
                pieces.add(new PassSeconds(forward, 2 * forward));
            }
            double sum = pieces.stream().mapToDouble(PassSeconds::both).sum();
            double slowest =
                    pieces.stream().mapToDouble(PassSeconds::both).max().orElseThrow();
            double seconds = simulate(pieces, stages, 1, microBatches);
            assertThat(seconds)
                    .isGreaterThanOrEqualTo(Math.max(sum, microBatches * slowest) - ROUNDING)
                    .isLessThanOrEqualTo(PipelineFormula.seconds(sum, slowest, 1, microBatches) + ROUNDING);
        }
    }

    /** Buckets of gradients travel behind the last backward pass; what does not fit behind it is waited for. */
    @Test
    void reductionOverlapsTheLastBackwardPass() {
        PipelineWork work = uniform(4, 1, 8);
        double compute = PipelineSimulator.run(work).pipelineSeconds();
        for (int buckets : new int[] {1, 2, 5, 24}) {
            for (double reduction : new double[] {0, 0.3, BACKWARD, 3 * BACKWARD}) {
                SimulatedStep step = PipelineSimulator.run(work.withReduction(reduction, buckets));
                assertThat(step.pipelineSeconds()).isCloseTo(compute, within(ROUNDING));
                assertThat(step.stepSeconds() - compute)
                        .isCloseTo(PipelineFormula.reductionSeconds(reduction, BACKWARD, buckets), within(ROUNDING));
            }
        }
    }

    /**
     * Chunks of the interleaved schedule are complete earlier than the stage: the formula, for one piece, is a bound.
     */
    @Test
    void reductionOfChunksIsNoLaterThanTheFormula() {
        PipelineWork work = uniform(4, 3, 12);
        double compute = PipelineSimulator.run(work).pipelineSeconds();
        for (double reduction : new double[] {0.3, BACKWARD, 3 * BACKWARD}) {
            double added =
                    PipelineSimulator.run(work.withReduction(reduction, 4)).stepSeconds() - compute;
            assertThat(added)
                    .isGreaterThan(0)
                    .isLessThanOrEqualTo(PipelineFormula.reductionSeconds(reduction, BACKWARD / 3, 4));
        }
    }

    @Test
    void optimizerComesLast() {
        PipelineWork work =
                new PipelineWork(PipelineSchedule.of(2, 1, 4), uniform(2, 1, 4).pieces(), 0, 1.5, 1, 0.25);
        SimulatedStep step = PipelineSimulator.run(work);
        assertThat(step.stepSeconds()).isCloseTo(step.pipelineSeconds() + 1.5 + 0.25, within(ROUNDING));
    }

    @Test
    void interleavingWantsMultiplesAndStages() {
        assertThatThrownBy(() -> PipelineSchedule.of(4, 2, 6))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("6")
                .hasMessageContaining("4");
        assertThatThrownBy(() -> PipelineSchedule.of(1, 2, 6)).isInstanceOf(TroupeException.class);
    }
}
