package dev.troupe.actors.training.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.training.TrainingConfig;
import dev.troupe.actors.training.mesh.MeshEvent;
import dev.troupe.actors.training.mesh.NodeResources;
import dev.troupe.actors.training.mesh.Seating;
import dev.troupe.actors.training.step.StepRunner.StepTimes;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.transformer.TrainingFlops;
import java.util.List;
import org.junit.jupiter.api.Test;

class UtilizationMeterTest {
    private static final ModelConfig MODEL = TrainingConfig.from(ConfigFactory.parseString("train.steps = 1"))
            .model()
            .withVocabulary(512);

    private static NodeResources node(String name, double peakGflops) {
        return new NodeResources(name, List.of(0), 1, peakGflops, new NodeResources.Memory(1, 2, 3, 4, 5, 6));
    }

    @Test
    void addsUpStepsAndRecoveries() {
        UtilizationMeter meter = new UtilizationMeter(MODEL, List.of());
        meter.seated(
                new MeshEvent.Seated(1, 0, new Seating(List.of()), "near", 3, List.of(node("a", 30), node("b", 70))));
        meter.step(2, new StepTimes(0, 1.5, 0, 0.5, 0.25, 0.125, 0.0625));
        meter.step(2, new StepTimes(0, 1.5, 0, 0.5, 0.75, 0.375, 0.0625));
        meter.seated(recovered(1.5, List.of(node("a", 0))));
        meter.seated(recovered(0.5, List.of(node("a", 0))));

        RunUtilization utilization = meter.result(1000);
        assertThat(utilization.communicationShare()).isEqualTo(0.25);
        assertThat(utilization.bubbleShare()).isEqualTo(0.125);
        assertThat(utilization.copyShare()).isEqualTo(0.03125);
        assertThat(utilization.recoveries()).isEqualTo(2);
        assertThat(utilization.recoverySeconds()).isEqualTo(2);
        assertThat(utilization.longestRecoverySeconds()).isEqualTo(1.5);
        assertThat(utilization.placement()).isEqualTo("far");
        assertThat(utilization.nodes()).extracting(NodeResources::node).containsExactly("a");
        assertThat(utilization.modelFlopsUtilization())
                .isCloseTo(1000 * TrainingFlops.perToken(MODEL) / 100e9, within(1e-12));
    }

    @Test
    void whoGoesOnWithARunKnowsWhatItsMetricsHave() {
        List<NodeResources> nodes = List.of(node("a", 30), node("b", 70));
        UtilizationMeter meter = new UtilizationMeter(MODEL, List.of());
        meter.recall(List.of(
                new MetricsLine.Seating(0, 3, nodes),
                MetricsLine.Step.of(1, 4, 1e-3, 1, 64, 2, new StepTimes(0, 1.5, 0, 0.5, 0.25, 0.125, 0.0625)),
                new MetricsLine.Recovery(1, List.of("b"), "gone", 1.5, List.of(node("a", 0)))));
        meter.seated(recovered(0.5, List.of(node("a", 0), node("c", 0)))); // in haste: not measured
        meter.step(2, new StepTimes(0, 1.5, 0, 0.5, 0.75, 0.375, 0.0625));

        RunUtilization utilization = meter.result(1000);
        assertThat(utilization.communicationShare()).isEqualTo(0.25);
        assertThat(utilization.bubbleShare()).isEqualTo(0.125);
        assertThat(utilization.copyShare()).isEqualTo(0.03125);
        assertThat(utilization.recoveries()).isEqualTo(2);
        assertThat(utilization.longestRecoverySeconds()).isEqualTo(1.5);
        assertThat(utilization.modelFlopsUtilization())
                .isCloseTo(1000 * TrainingFlops.perToken(MODEL) / 100e9, within(1e-12));
    }

    @Test
    void aPeakThatWasNotMeasuredIsNoUtilization() {
        RunUtilization utilization = new UtilizationMeter(MODEL, List.of(node("a", 0))).result(1000);
        assertThat(utilization.modelFlopsUtilization()).isNull();
        assertThat(utilization.communicationShare()).isZero();
    }

    private static MeshEvent recovered(double seconds, List<NodeResources> nodes) {
        return new MeshEvent.Recovered(2, List.of("b"), "gone", 1, new Seating(List.of()), "far", seconds, nodes);
    }
}
