package dev.troupe.actors.training.eval;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.actors.training.eval.EvaluationOrder.Kind;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class EvaluationQueueTest {
    private final EvaluationQueue<String> queue = new EvaluationQueue<>(2);

    private static EvaluationOrder checkpoint(long step) {
        return EvaluationOrder.checkpoint(step, "/step-" + step, 4);
    }

    @Test
    void eachNodeHasOneCheckpointAndTheOldestGoesFirst() {
        queue.nodes(Set.of("a"));
        queue.add(checkpoint(1));
        queue.add(checkpoint(2));
        assertThat(queue.assign()).isEqualTo(Map.of("a", checkpoint(1)));
        assertThat(queue.assign()).isEmpty();
        queue.nodes(Set.of("a", "b"));
        assertThat(queue.assign()).isEqualTo(Map.of("b", checkpoint(2)));
        assertThat(queue.done("a", checkpoint(1))).isTrue();
        assertThat(queue.done("a", checkpoint(1))).isFalse();
        assertThat(queue.assigned()).isEqualTo(Map.of("b", checkpoint(2)));
    }

    @Test
    void whatALostNodeHadGoesToAnotherBeforeAllElse() {
        queue.nodes(Set.of("a"));
        queue.add(checkpoint(1));
        queue.assign();
        queue.add(checkpoint(2));
        queue.nodes(Set.of("b"));
        assertThat(queue.assign()).isEqualTo(Map.of("b", checkpoint(1)));
        assertThat(queue.done("a", checkpoint(1))).as("of the lost node, late").isFalse();
        assertThat(queue.done("b", checkpoint(1))).isTrue();
    }

    @Test
    void theOldestCheckpointGivesWayWhenNodesLagBehind() {
        queue.add(checkpoint(1));
        queue.add(new EvaluationOrder(Kind.SHADOW, 1, "/m", 4, null));
        assertThat(queue.add(checkpoint(2))).isEmpty();
        assertThat(queue.add(checkpoint(3))).contains(checkpoint(1));
        queue.nodes(Set.of("a"));
        assertThat(queue.assign().get("a")).extracting(EvaluationOrder::kind).isEqualTo(Kind.SHADOW);
    }

    @Test
    void theLastCheckpointGoesFirstAndInPlaceOfTheSameOneBesideTraining() {
        EvaluationOrder last = new EvaluationOrder(Kind.FINAL, 2, "/step-2", 100, null);
        queue.add(checkpoint(1));
        queue.add(checkpoint(2));
        queue.add(last);
        queue.nodes(Set.of("a"));
        assertThat(queue.assign()).isEqualTo(Map.of("a", last));
        queue.done("a", last);
        assertThat(queue.assign()).isEqualTo(Map.of("a", checkpoint(1)));
        queue.done("a", checkpoint(1));
        assertThat(queue.assign()).isEmpty();
    }

    @Test
    void theLastWordOnAShadowTakesThePlaceOfOneThatWaits() {
        EvaluationOrder last = new EvaluationOrder(Kind.FINAL_SHADOW, 2, "/m", 100, null);
        queue.add(new EvaluationOrder(Kind.SHADOW, 1, "/m", 4, null));
        queue.add(last);
        assertThat(queue.take(Kind::isShadow)).contains(last);
        assertThat(queue.take(Kind::isShadow)).isEmpty();
    }

    @Test
    void whatANodeCannotDoAnotherTriesOnce() {
        queue.nodes(Set.of("a", "b"));
        queue.add(checkpoint(1));
        String first = queue.assign().keySet().iterator().next();
        assertThat(queue.failed(first, checkpoint(1))).isFalse();
        String second = queue.assign().keySet().iterator().next();
        assertThat(second).isNotEqualTo(first);
        assertThat(queue.failed(second, checkpoint(1))).isTrue();
        assertThat(queue.assign()).isEmpty();
    }
}
