package dev.troupe.actors.serving.replica;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.TestInbox;
import dev.troupe.actors.serving.GenerationEvent;
import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.Requests;
import dev.troupe.actors.serving.batch.ScheduledChunk;
import dev.troupe.actors.serving.batch.SchedulingLimits;
import dev.troupe.actors.serving.batch.SchedulingPolicy;
import dev.troupe.actors.serving.batch.Sequence;
import dev.troupe.actors.serving.engine.AnswerSampler;
import dev.troupe.model.sampling.SamplingSpace;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RequestTableTest {
    private static final List<Integer> PROMPT = List.of(1, 2, 3);

    private final SchedulingPolicy policy = new SchedulingPolicy(new SchedulingLimits(64, 2, 4, 16, 8));
    private final RequestTable requests = new RequestTable();

    private void ask(long arrival) {
        GenerationRequest request = Requests.greedy("r" + arrival, PROMPT, 8);
        Sequence sequence = new Sequence(arrival, request);
        policy.offer(sequence);
        requests.add(new ActiveRequest(
                sequence,
                new AnswerSampler(request, Optional.empty(), new SamplingSpace()),
                Optional.empty(),
                TestInbox.<GenerationEvent>create().getRef()));
    }

    private void step() {
        for (ScheduledChunk chunk : policy.schedule().chunks()) {
            policy.advance(chunk, chunk.sampled() ? List.of(7) : List.of());
        }
    }

    @Test
    void allGoOnOnceEachHasTwoTokens() {
        List<Boolean> goOn = new ArrayList<>();
        ask(0);
        for (int i = 0; i < 3; i++) {
            goOn.add(requests.allGoOn());
            step();
        }
        goOn.add(requests.allGoOn());
        ask(1); // waits, then has a first token, then a second one
        for (int i = 0; i < 3; i++) {
            goOn.add(requests.allGoOn());
            step();
        }
        assertThat(goOn).containsExactly(false, false, true, true, false, false, true);
    }
}
