package dev.troupe.actors.training.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.actors.transport.Endpoint;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class NodeFailuresTest {
    private static final Endpoint A = new Endpoint("h", 1, "a");
    private static final Endpoint B = new Endpoint("h", 2, "b");
    private static final long MINUTE = Duration.ofMinutes(1).toMillis();

    @Test
    void aNodeThatFailsAgainAndAgainGetsNoRanksUntilItIsForgotten() {
        NodeFailures failures = new NodeFailures(3, Duration.ofMinutes(10), List.of(new NodeFailure("a", 0)));
        failures.add(new NodeFailure("a", MINUTE));
        failures.add(new NodeFailure("b", MINUTE));
        assertThat(failures.usable(List.of(A, B), Endpoint::nodeId, 2 * MINUTE)).containsExactly(A, B);

        failures.add(new NodeFailure("a", 2 * MINUTE));
        assertThat(failures.count("a", 2 * MINUTE)).isEqualTo(3);
        assertThat(failures.usable(List.of(A, B), Endpoint::nodeId, 2 * MINUTE)).containsExactly(B);
        assertThat(failures.usable(List.of(A), Endpoint::nodeId, 2 * MINUTE))
                .as("the last one")
                .containsExactly(A);
        assertThat(failures.usable(List.of(A, B), Endpoint::nodeId, 10 * MINUTE))
                .as("one is forgotten")
                .containsExactly(A, B);
    }

    @Test
    void zeroIsNever() {
        NodeFailures failures = new NodeFailures(0, Duration.ofMinutes(10), List.of());
        failures.add(new NodeFailure("a", 0));
        assertThat(failures.excludes("a", 0)).isFalse();
    }

    @Test
    void aLossThatEndedAnAttemptIsNotCountedByTheNext() {
        Recovery recovery = new Recovery(List.of("a", "b"));
        recovery.notice("a checkpoint is damaged");
        assertThat(recovery.blame(List.of("a", "b"))).isEmpty();
        assertThat(recovery.lost()).containsExactly("a", "b");
        recovery.end();

        recovery.notice("out of reach: a");
        assertThat(recovery.blame(List.of("a"))).containsExactly("a");
    }

    @Test
    void whoIsLostIsToBlameAndElseWhoFailedFirst() {
        Recovery recovery = new Recovery(List.of());
        recovery.suspect("a");
        assertThat(recovery.notice("a: out of memory")).isTrue();
        recovery.suspect("b");
        assertThat(recovery.notice("b: a is gone")).isFalse();
        assertThat(recovery.cause()).isEqualTo("a: out of memory");
        assertThat(recovery.blame(List.of())).containsExactly("a");
        assertThat(recovery.blame(List.of())).as("once").isEmpty();
        recovery.end();

        recovery.suspect("a");
        recovery.notice("a: b is gone");
        assertThat(recovery.blame(List.of("b"))).containsExactly("b");
        assertThat(recovery.lost()).containsExactly("b");
        assertThat(recovery.blame(List.of("b", "c"))).as("each once").containsExactly("c");
        assertThat(recovery.lost()).containsExactly("b", "c");
        recovery.explain("no copy is left");
        recovery.explain("no copy is left");
        assertThat(recovery.cause()).isEqualTo("a: b is gone; no copy is left");
    }
}
