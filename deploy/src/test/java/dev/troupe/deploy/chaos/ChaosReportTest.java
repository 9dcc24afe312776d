package dev.troupe.deploy.chaos;

import static dev.troupe.deploy.chaos.Fault.KILL;
import static dev.troupe.deploy.chaos.Fault.PARTITION;
import static dev.troupe.deploy.chaos.Fault.PAUSE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.deploy.chaos.ChaosReport.Recovery;
import dev.troupe.model.TroupeException;
import java.util.List;
import org.junit.jupiter.api.Test;

class ChaosReportTest {
    private static Recovery recovery(Fault fault, boolean wasCoordinator, double seconds) {
        return new Recovery(1, 7, "a", fault, wasCoordinator, false, 1, false, 7, seconds);
    }

    @Test
    void countsEachKindAndTakesTheMedian() {
        ChaosReport report = new ChaosReport(
                0, List.of(recovery(KILL, true, 5), recovery(KILL, false, 1), recovery(PARTITION, true, 2)), List.of());
        assertThat(report.count(KILL)).isEqualTo(2);
        assertThat(report.coordinatorKills()).isEqualTo(1);
        assertThat(report.count(PARTITION)).isEqualTo(1);
        assertThat(report.count(PAUSE)).isZero();
        assertThat(report.medianSeconds()).isEqualTo(2);
        assertThat(report.maxSeconds()).isEqualTo(5);
        assertThat(report.isGood()).isTrue();
        assertThat(new ChaosReport(0, List.of(recovery(KILL, true, 5), recovery(KILL, false, 1)), List.of())
                        .medianSeconds())
                .isEqualTo(3);
    }

    @Test
    void aSecondKillIsCountedAndMayTakeTheLastCopyOfAState() {
        Recovery first = new Recovery(1, 7, "a", KILL, true, false, 1, true, 4, 6);
        Recovery second = new Recovery(1, 7, "b", KILL, false, true, 1, true, 4, 5);
        ChaosReport report = new ChaosReport(0, List.of(first, second, recovery(KILL, false, 1)), List.of());
        assertThat(report.count(KILL)).isEqualTo(3);
        assertThat(report.killsDuringRecovery()).isEqualTo(1);
        assertThat(report.statesLost()).isEqualTo(1);
        assertThat(second.wentTooFarBack())
                .as("a checkpoint was all that was left")
                .isFalse();
        assertThat(new Recovery(1, 7, "a", KILL, true, true, 1, false, 6, 6).wentTooFarBack())
                .isTrue();
    }

    @Test
    void anythingThatIsWrongIsWrong() {
        assertThat(new ChaosReport(1, List.of(), List.of()).isGood()).isFalse();
        assertThat(new ChaosReport(0, List.of(), List.of("a node ended")).isGood())
                .isFalse();
    }

    @Test
    void settingsThatMakeNoSenseAreNamed() {
        assertThatThrownBy(() -> new ChaosSettings(0, 0, 0, 0, 1, 3, "2x1x1", 0, 10, 10))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("--kills");
        assertThatThrownBy(() -> new ChaosSettings(1, 0, 0, 0, 1, 2, "2x1x1", 0, 10, 10))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("--nodes is 2");
        assertThatThrownBy(() -> new ChaosSettings(3, 2, 0, 0, 1, 5, "2x1x1", 0, 10, 10))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("--during-recovery is 2 of 3 kills");
        assertThatThrownBy(() -> new ChaosSettings(4, 2, 0, 0, 1, 4, "2x1x1", 0, 10, 10))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("--nodes is 4");
        assertThatThrownBy(() -> new ChaosSettings(1, 0, 0, 0, 1, 3, "2x", 0, 10, 10))
                .isInstanceOf(TroupeException.class);
    }
}
