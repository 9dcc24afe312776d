package dev.troupe.actors.serving.replica;

import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.batch.Advance;
import dev.troupe.actors.serving.batch.ScheduledBatch;
import dev.troupe.actors.serving.batch.ScheduledChunk;
import dev.troupe.actors.serving.batch.SchedulingPolicy;
import dev.troupe.actors.serving.batch.Sequence;
import dev.troupe.actors.serving.engine.AnswerSampler;
import dev.troupe.actors.serving.engine.Engine;
import dev.troupe.actors.serving.engine.SampledToken;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/** Policy and engine without the actor, as a replica runs them. */
final class EngineLoop {
    private final SchedulingPolicy policy;
    private final Engine engine;
    private final Map<Long, AnswerSampler> samplers = new TreeMap<>();
    private final Map<Long, Sequence> sequences = new TreeMap<>();
    private final Map<Long, List<SampledToken>> answers = new TreeMap<>();
    private int numSteps;
    private long numRows;

    EngineLoop(SchedulingPolicy policy, Engine engine) {
        this.policy = policy;
        this.engine = engine;
    }

    /** Puts a request into the queue; its number. */
    long offer(GenerationRequest request) {
        long arrival = answers.size();
        Sequence sequence = new Sequence(arrival, request);
        if (!policy.offer(sequence)) {
            throw new IllegalStateException("the queue is full");
        }
        sequences.put(arrival, sequence);
        samplers.put(arrival, new AnswerSampler(request));
        answers.put(arrival, new ArrayList<>());
        return arrival;
    }

    /** One step. */
    void step() {
        ScheduledBatch batch = policy.schedule();
        numSteps++;
        numRows += batch.numTokens();
        List<List<SampledToken>> samples = engine.execute(
                batch,
                batch.chunks().stream()
                        .filter(ScheduledChunk::sampled)
                        .map(chunk -> samplers.get(chunk.arrival()))
                        .toList());
        int next = 0;
        for (ScheduledChunk chunk : batch.chunks()) {
            List<SampledToken> drawn = chunk.sampled() ? samples.get(next++) : List.of();
            Advance advance = policy.advance(
                    chunk, drawn.stream().map(SampledToken::token).toList());
            answer(chunk.arrival()).addAll(drawn.subList(0, advance.numEmitted()));
        }
    }

    /** Steps until nothing is left to do. */
    void run() {
        while (!policy.isIdle()) {
            step();
        }
    }

    SchedulingPolicy policy() {
        return policy;
    }

    Sequence sequence(long arrival) {
        return Objects.requireNonNull(sequences.get(arrival));
    }

    List<SampledToken> answer(long arrival) {
        return Objects.requireNonNull(answers.get(arrival));
    }

    /** The answers of all requests so far. */
    Map<Long, List<SampledToken>> answers() {
        return answers;
    }

    int numSteps() {
        return numSteps;
    }

    /** Rows computed so far. */
    long numRows() {
        return numRows;
    }
}
