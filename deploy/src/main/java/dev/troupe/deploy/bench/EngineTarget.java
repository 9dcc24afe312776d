package dev.troupe.deploy.bench;

import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.SamplingParameters;
import dev.troupe.actors.serving.batch.SchedulingLimits;
import dev.troupe.actors.serving.batch.SchedulingOptions;
import dev.troupe.actors.serving.batch.SchedulingPolicy;
import dev.troupe.actors.serving.engine.Engine;
import dev.troupe.actors.serving.engine.EngineLoop;
import dev.troupe.actors.serving.replica.ReplicaSettings;
import dev.troupe.actors.serving.replica.ReuseSettings;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;

/** The engine and its policy on the calling thread: no actors, no messages, no text. */
final class EngineTarget implements LoadTarget {
    private final ReplicaSettings settings;
    private final Engine engine;
    private final SchedulingOptions options;
    private EngineLoop loop;

    EngineTarget(ReplicaSettings settings, Engine engine, ReuseSettings reuse) {
        this.settings = settings;
        this.engine = engine;
        this.options = reuse.scheduling(settings.engine().inference());
        this.loop = newLoop();
    }

    private EngineLoop newLoop() {
        SchedulingLimits limits = settings.limits(engine.description().contextLength(), engine.numKvBlocks());
        return new EngineLoop(new SchedulingPolicy(limits, options), engine);
    }

    /** Forgets what earlier requests left in the cache. */
    void forget() {
        loop = newLoop();
    }

    EngineLoop loop() {
        return loop;
    }

    /** A request for the most likely tokens, which no token ends. */
    static GenerationRequest request(List<Integer> prompt, int numTokens) {
        SamplingParameters greedy = new SamplingParameters(0, 0, 1, 0, 1, 0, 0, Map.of(), 0, -1);
        return new GenerationRequest("bench", prompt, numTokens, List.of(), greedy, 0);
    }

    private record Open(long arrival, long asked, long first) {}

    @Override
    public List<Answered> answer(List<List<Integer>> prompts, int streams, int numTokens) {
        Deque<List<Integer>> waiting = new ArrayDeque<>(prompts);
        List<Open> open = new ArrayList<>();
        List<Answered> answered = new ArrayList<>();
        while (answered.size() < prompts.size()) {
            while (open.size() < streams && !waiting.isEmpty()) {
                long asked = System.nanoTime();
                open.add(new Open(loop.offer(request(waiting.removeFirst(), numTokens)), asked, 0));
            }
            loop.step();
            long now = System.nanoTime();
            List<Open> still = new ArrayList<>();
            for (Open request : open) {
                int done = loop.answer(request.arrival()).size();
                long first = request.first() == 0 && done > 0 ? now : request.first();
                if (done == numTokens) {
                    answered.add(Answered.of(request.asked(), first, now, numTokens));
                } else {
                    still.add(new Open(request.arrival(), request.asked(), first));
                }
            }
            open = still;
        }
        return answered;
    }
}
