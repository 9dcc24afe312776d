package dev.troupe.actors.serving.engine;

import dev.troupe.actors.serving.GenerationEvent;
import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.batch.Advance;
import dev.troupe.actors.serving.batch.ScheduledBatch;
import dev.troupe.actors.serving.batch.ScheduledChunk;
import dev.troupe.actors.serving.batch.SchedulingPolicy;
import dev.troupe.actors.serving.batch.Sequence;
import dev.troupe.model.grammar.AnswerForm;
import dev.troupe.model.sampling.SamplingSpace;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Policy and engine without an actor, as a replica runs them, on the calling thread: for measurements and tests. Keeps
 * all answers.
 */
public final class EngineLoop {
    private final SchedulingPolicy policy;
    private final Engine engine;
    private final Grammars grammars;
    private final SamplingSpace space = new SamplingSpace();
    private final Map<Long, AnswerSampler> samplers = new TreeMap<>();
    private final Map<Long, PromptReader> readers = new TreeMap<>();
    private final Map<Long, List<GenerationEvent>> promptEvents = new TreeMap<>();
    private final Map<Long, Sequence> sequences = new TreeMap<>();
    private final Map<Long, List<SampledToken>> answers = new TreeMap<>();
    private int numSteps;
    private long numRows;

    /** Takes steps as {@code policy} says. */
    public EngineLoop(SchedulingPolicy policy, Engine engine) {
        this.policy = policy;
        this.engine = engine;
        this.grammars = new Grammars(engine.description());
    }

    /**
     * Puts a request into the queue.
     *
     * @return its number, from 0 on
     * @throws IllegalStateException when the queue is full
     */
    public long offer(GenerationRequest request) {
        long arrival = answers.size();
        Sequence sequence = new Sequence(arrival, request);
        if (!policy.offer(sequence)) {
            throw new IllegalStateException("the queue is full");
        }
        sequences.put(arrival, sequence);
        List<AnswerForm> forms = request.sampling().forms();
        samplers.put(
                arrival,
                new AnswerSampler(
                        request,
                        forms.isEmpty()
                                ? Optional.empty()
                                : Optional.of(grammars.begin(grammars.compile(forms), request)),
                        space));
        answers.put(arrival, new ArrayList<>());
        promptEvents.put(arrival, new ArrayList<>());
        PromptReader.of(request).ifPresent(reader -> readers.put(arrival, reader));
        return arrival;
    }

    /** One step. */
    public void step() {
        ScheduledBatch batch = policy.schedule();
        numSteps++;
        numRows += batch.numTokens();
        List<List<SampledToken>> samples = engine.execute(
                batch,
                batch.chunks().stream()
                        .filter(ScheduledChunk::sampled)
                        .map(chunk -> samplers.get(chunk.arrival()))
                        .toList(),
                batch.chunks().stream()
                        .filter(ScheduledChunk::readsPrompt)
                        .map(chunk -> readers.get(chunk.arrival()))
                        .toList());
        readers.forEach((arrival, reader) -> promptEvents(arrival).addAll(reader.events()));
        int next = 0;
        for (ScheduledChunk chunk : batch.chunks()) {
            List<SampledToken> drawn = chunk.sampled() ? samples.get(next++) : List.of();
            Advance advance = policy.advance(
                    chunk, drawn.stream().map(SampledToken::token).toList());
            answer(chunk.arrival()).addAll(drawn.subList(0, advance.numEmitted()));
        }
    }

    /** Steps until nothing is left to do. */
    public void run() {
        while (!policy.isIdle()) {
            step();
        }
    }

    /** Decides the steps. */
    public SchedulingPolicy policy() {
        return policy;
    }

    /** A request's state. */
    public Sequence sequence(long arrival) {
        return Objects.requireNonNull(sequences.get(arrival));
    }

    /** The answer to a request so far. */
    public List<SampledToken> answer(long arrival) {
        return Objects.requireNonNull(answers.get(arrival));
    }

    /** What was told of a request's prompt. */
    public List<GenerationEvent> promptEvents(long arrival) {
        return Objects.requireNonNull(promptEvents.get(arrival));
    }

    /** The answers of all requests so far. */
    public Map<Long, List<SampledToken>> answers() {
        return answers;
    }

    /** Steps so far. */
    public int numSteps() {
        return numSteps;
    }

    /** Rows computed so far. */
    public long numRows() {
        return numRows;
    }
}
