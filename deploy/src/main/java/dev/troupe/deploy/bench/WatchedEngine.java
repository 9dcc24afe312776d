package dev.troupe.deploy.bench;

import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.actors.serving.batch.ScheduledBatch;
import dev.troupe.actors.serving.batch.ScheduledChunk;
import dev.troupe.actors.serving.engine.AnswerSampler;
import dev.troupe.actors.serving.engine.Engine;
import dev.troupe.actors.serving.engine.PromptReader;
import dev.troupe.actors.serving.engine.SampledToken;
import dev.troupe.deploy.bench.LoadTarget.Answered;
import java.util.ArrayList;
import java.util.List;

/**
 * An engine that several levels share, and that keeps when its steps ran, so that a request's wait for its first token
 * can be told apart: what the engine computed, and what is around it. Who closes a level does not close the engine.
 */
final class WatchedEngine implements Engine {
    /**
     * A step, by {@link System#nanoTime}.
     *
     * @param prompts the last tokens of each prompt whose answer begins with this step: as many as the step computed
     */
    record Step(long start, long end, List<List<Integer>> prompts) {
        private boolean answers(List<Integer> prompt) {
            return prompts.stream()
                    .anyMatch(last -> last.size() <= prompt.size()
                            && last.equals(prompt.subList(prompt.size() - last.size(), prompt.size())));
        }
    }

    private final Engine engine;
    private final List<Step> steps = new ArrayList<>(); // written by the level's thread, read by the bench's
    private long cpuNanos; // guarded by steps

    WatchedEngine(Engine engine) {
        this.engine = engine;
    }

    @Override
    public ModelDescription description() {
        return engine.description();
    }

    @Override
    public int numKvBlocks() {
        return engine.numKvBlocks();
    }

    @Override
    public List<List<SampledToken>> execute(
            ScheduledBatch batch, List<AnswerSampler> samplers, List<PromptReader> readers) {
        List<List<Integer>> prompts = batch.chunks().stream()
                .filter(WatchedEngine::endsPrompt)
                .map(chunk -> chunk.tokens().subList(0, chunk.tokens().size() - chunk.numDraft()))
                .toList();
        long cpuStart = CpuTimes.threadNanos();
        long start = System.nanoTime();
        List<List<SampledToken>> sampled = engine.execute(batch, samplers, readers);
        Step step = new Step(start, System.nanoTime(), prompts);
        synchronized (steps) {
            steps.add(step);
            cpuNanos += CpuTimes.threadNanos() - cpuStart;
        }
        return sampled;
    }

    private static boolean endsPrompt(ScheduledChunk chunk) {
        int known = chunk.firstPosition() + chunk.tokens().size() - chunk.numDraft();
        return chunk.sampled() && known == chunk.numPrompt();
    }

    @Override
    public void close() {}

    /** The steps since this was asked last, in order. */
    List<Step> takeSteps() {
        synchronized (steps) {
            List<Step> taken = List.copyOf(steps);
            steps.clear();
            return taken;
        }
    }

    /** Processor time of the threads that led its steps, so far. */
    double leadSeconds() {
        synchronized (steps) {
            return cpuNanos / 1e9;
        }
    }

    /**
     * Of the time from a request to its first token, what none of the engine's steps took: the request's way until a
     * step that answers it begins, less the steps that ran meanwhile, and the token's way from that step's end on. A
     * machine whose kernels are now faster, now slower, does not disturb it.
     *
     * @param steps of the load, in order
     * @return nanoseconds
     * @throws IllegalStateException when no step between the request and its first token ends its prompt, as where the
     *     client's clock is another one
     */
    static double aroundFirstToken(Answered answered, List<Integer> prompt, List<Step> steps) {
        long asked = answered.askedNanos();
        long told = asked + (long) answered.firstTokenNanos();
        long computed = 0;
        for (Step step : steps) {
            if (step.end() <= asked) {
                continue;
            }
            if (step.start() >= asked && step.end() <= told && step.answers(prompt)) {
                return told - asked - computed - (double) (step.end() - step.start());
            }
            computed += step.end() - Math.max(step.start(), asked);
        }
        throw new IllegalStateException("no step of the engine gave the first token of request " + answered.request());
    }
}
