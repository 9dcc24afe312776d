package dev.troupe.deploy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FaultPlanTest {
    private static final int SEEDS = 50;

    private static ChaosSettings settings(int kills, int duringRecovery, int pauses) {
        return new ChaosSettings(kills, duringRecovery, pauses, 1, 1, 5, "2x1x2", 1, 10, 10);
    }

    @ParameterizedTest
    @CsvSource({"2,1,0", "6,3,1", "7,2,2", "3,0,1"})
    void everySecondKillFindsItsPlaceAndOneFaultIsTheCoordinators(int kills, int seconds, int pauses) {
        for (int seed = 0; seed < SEEDS; seed++) {
            FaultPlan plan = new FaultPlan(settings(kills, seconds, pauses), new Random(seed));
            int faults = 0;
            int drawn = 0;
            int ofCoordinator = 0;
            for (; !plan.isDone(); faults++) {
                boolean hasSecond = plan.drawSecond();
                assertThat(hasSecond && plan.fault() != Fault.KILL).isFalse();
                drawn += hasSecond ? 1 : 0;
                ofCoordinator += plan.isCoordinators() ? 1 : 0;
                plan.next(hasSecond);
            }
            assertThat(drawn).as("seed %d", seed).isEqualTo(seconds);
            assertThat(faults).isEqualTo(kills - seconds + pauses + 1);
            assertThat(ofCoordinator).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @CsvSource({"1", "4"})
    void aRecoveryThatIsOverTooSoonIsReplacedByAnother(int missed) {
        FaultPlan plan = new FaultPlan(settings(2, 1, 0), new Random(3));
        int misses = 0;
        int kills = 0;
        while (!plan.isDone()) {
            boolean wanted = plan.drawSecond();
            boolean hasSecond = wanted && misses == missed;
            misses += wanted && !hasSecond ? 1 : 0;
            kills += plan.fault() == Fault.KILL ? 1 : 0;
            plan.next(hasSecond);
        }
        assertThat(misses).isEqualTo(missed);
        assertThat(kills).isEqualTo(1 + missed);
    }
}
