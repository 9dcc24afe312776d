package dev.troupe.deploy.bench;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.actors.serving.ServedTokenizer;
import dev.troupe.actors.serving.batch.ScheduledBatch;
import dev.troupe.actors.serving.batch.SchedulingLimits;
import dev.troupe.actors.serving.batch.SchedulingOptions;
import dev.troupe.actors.serving.batch.SchedulingPolicy;
import dev.troupe.actors.serving.batch.Sequence;
import dev.troupe.actors.serving.engine.AnswerSampler;
import dev.troupe.actors.serving.engine.Engine;
import dev.troupe.actors.serving.engine.EngineLoop;
import dev.troupe.actors.serving.engine.PromptReader;
import dev.troupe.actors.serving.engine.SampledToken;
import dev.troupe.model.TroupeException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SocketTargetTest {
    private static final class BrokenEngine implements Engine {
        @Override
        public ModelDescription description() {
            return new ModelDescription("broken", "v1", 64, 64, ServedTokenizer.parsed("{}"), "plain", 0);
        }

        @Override
        public int numKvBlocks() {
            return 8;
        }

        @Override
        public List<List<SampledToken>> execute(
                ScheduledBatch batch, List<AnswerSampler> samplers, List<PromptReader> readers) {
            throw new IllegalStateException("broken");
        }

        @Override
        public void close() {}
    }

    /** Whether its step fails, or it does not even get into the queue. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aLoadThatCannotBeAnsweredEnds(boolean fullQueue) {
        SchedulingLimits limits = new SchedulingLimits(64, 4, 1, 64, 8);
        SchedulingPolicy policy = new SchedulingPolicy(limits, new SchedulingOptions(false, false, 0));
        LoadRequest request = new LoadRequest(Map.of());
        if (fullQueue) {
            policy.offer(new Sequence(0, request.of("other", List.of(3), 4)));
        }
        assertTimeoutPreemptively(Duration.ofSeconds(60), () -> {
            try (SocketTarget target = new SocketTarget(new EngineLoop(policy, new BrokenEngine()), request)) {
                assertThatThrownBy(() -> target.answer(List.of(List.of(1, 2)), new LoadTarget.Arrivals.Closed(1), 4))
                        .isInstanceOf(TroupeException.class)
                        .hasMessageContaining("the client of the load ended");
            }
        });
    }
}
