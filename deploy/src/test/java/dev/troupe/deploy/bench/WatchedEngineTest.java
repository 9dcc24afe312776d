package dev.troupe.deploy.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.deploy.bench.LoadTarget.Answered;
import dev.troupe.deploy.bench.WatchedEngine.Step;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What of a first token's time is not the engine's, of steps and requests on a made-up clock. */
class WatchedEngineTest {
    private static final List<Integer> PROMPT = List.of(1, 2, 3, 4);

    private static double around(long asked, long told, Step... steps) {
        return WatchedEngine.aroundFirstToken(
                new Answered(0, asked, told - asked, 0, List.of()), PROMPT, List.of(steps));
    }

    private static Step step(long start, long end, List<Integer> prompt) {
        return new Step(start, end, List.of(prompt));
    }

    @Test
    void theWayThereAndTheWayBackCount() {
        assertThat(around(1000, 1150, step(1020, 1120, PROMPT))).isEqualTo(20 + 30);
    }

    @Test
    void stepsThatRanMeanwhileAreTheEngines() {
        Step before = step(900, 990, List.of(9));
        Step running = step(950, 1010, List.of(9)); // ten of it after the request
        Step other = new Step(1015, 1100, List.of());
        assertThat(around(1000, 1300, before, running, other, step(1107, 1290, List.of(3, 4))))
                .isEqualTo(5 + 7 + 10);
    }

    /** It runs while a token is on its way, which takes no less for that. */
    @Test
    void aStepAfterThatIsNotSubtracted() {
        assertThat(around(1000, 1400, step(1001, 1100, PROMPT), new Step(1101, 1390, List.of())))
                .isEqualTo(1 + 300);
    }

    @Test
    void whereNoStepAnswersItIsAnError() {
        assertThatThrownBy(() -> around(1000, 1150, step(1020, 1120, List.of(3, 5)), step(1030, 1160, PROMPT)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("request 0");
    }
}
