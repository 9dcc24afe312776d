package dev.troupe.deploy.bench;

import dev.troupe.actors.serving.batch.SchedulingLimits;
import dev.troupe.actors.serving.batch.SchedulingOptions;
import dev.troupe.actors.serving.batch.SchedulingPolicy;
import dev.troupe.actors.serving.engine.Engine;
import dev.troupe.actors.serving.engine.EngineLoop;
import dev.troupe.actors.serving.replica.ReplicaSettings;
import dev.troupe.actors.serving.replica.ReuseSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** The engine and its policy on the calling thread: no actors, no messages, no text. */
final class EngineTarget implements LoadTarget {
    private final ReplicaSettings settings;
    private final Engine engine;
    private final SchedulingOptions options;
    private final LoadRequest request;
    private EngineLoop loop;

    EngineTarget(ReplicaSettings settings, Engine engine, ReuseSettings reuse, LoadRequest request) {
        this.settings = settings;
        this.engine = engine;
        this.options = reuse.scheduling(settings.engine().inference());
        this.request = request;
        this.loop = newLoop();
    }

    /** A loop of its own, with nothing in its cache. */
    EngineLoop newLoop() {
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

    private record Open(int request, long arrival, long due, TokenTimes times) {}

    @Override
    public Outcome answer(List<List<Integer>> prompts, Arrivals arrivals, int numTokens) {
        List<Open> open = new ArrayList<>();
        List<Answered> answered = new ArrayList<>();
        int begun = 0;
        long start = System.nanoTime();
        while (answered.size() < prompts.size()) {
            while (begun < prompts.size() && isDue(arrivals, begun, open.size(), start)) {
                long due = due(arrivals, begun, start);
                long arrival = loop.offer(request.of("bench", prompts.get(begun), numTokens));
                open.add(new Open(begun++, arrival, due, new TokenTimes(numTokens)));
            }
            if (open.isEmpty()) {
                LockSupport.parkNanos(due(arrivals, begun, start) - System.nanoTime());
                continue;
            }
            loop.step();
            long now = System.nanoTime();
            List<Open> still = new ArrayList<>();
            for (Open each : open) {
                int done = loop.answer(each.arrival()).size();
                if (done > each.times().count()) {
                    each.times().came(now, done - each.times().count());
                }
                if (done == numTokens) {
                    answered.add(Answered.of(each.request(), each.due(), each.times()));
                } else {
                    still.add(each);
                }
            }
            open = still;
        }
        return new Outcome(answered, (System.nanoTime() - start) / 1e9, 0);
    }

    private static boolean isDue(Arrivals arrivals, int index, int numOpen, long start) {
        return switch (arrivals) {
            case Arrivals.Closed closed -> numOpen < closed.streams();
            case Arrivals.Open open ->
                System.nanoTime() - start >= open.offsetNanos().get(index);
        };
    }

    private static long due(Arrivals arrivals, int index, long start) {
        return switch (arrivals) {
            case Arrivals.Closed closed -> System.nanoTime();
            case Arrivals.Open open -> start + open.offsetNanos().get(index);
        };
    }
}
