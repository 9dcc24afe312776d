package dev.troupe.deploy.bench;

import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.deploy.bench.LoadTarget.Answered;
import dev.troupe.deploy.bench.LoadTarget.Arrivals;
import dev.troupe.deploy.bench.LoadTarget.Outcome;
import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * The same loads at every level of a server, from the bare engine up, in turns: a round asks each level once, the next
 * one in the other order, so that a machine that drifts does not favour one.
 */
public final class ServeLevels {
    private static final long SEED = 11;
    private static final CompilationMXBean COMPILERS = ManagementFactory.getCompilationMXBean();
    private static final long WARM_UP_NANOS = 4_000_000_000L;
    private static final long MOST_WARM_UP_NANOS = 20_000_000_000L;
    private static final double WARM = 0.02; // part of the time in which something is compiled
    private static final double RESTING = 0.005;
    /** Short requests go on for so many times what is asked at most. */
    private static final int LONGER_AT_MOST = 5;
    /** How often it is looked whether compilers rest, in the time that is asked. */
    private static final int WEAR_PARTS = 3;

    /** Few streams take longest for as many answers: some loads need more than an equal part of the time. */
    private static final double SHARE = 2;

    /** Before a load and after it; what others take comes and goes. */
    private static final long WATCH_NANOS = 1_000_000_000L;

    /** Tokens of a request that is nearly all way, there and back. */
    private static final int SHORT_PROMPT = 8;

    private static final int SHORT_ANSWER = 2;
    /** Many at once are many a second. */
    private static final int SHORT_STREAMS = 32;

    /**
     * What is asked.
     *
     * @param streams requests at a time, one load for each number
     * @param numPrompt tokens of a prompt
     * @param numAnswer tokens of an answer
     * @param requests of each stream in a round
     * @param rounds of each load at least
     * @param answers rounds go on until each level has given so many in a load, or until time is over
     * @param minutes for everything, warm-up included, beyond which no load has more than its least rounds; one alone
     *     may take at most {@link ServeLevels#SHARE} times an equal part of what is left
     * @param rates requests a second of open loops; times between two are exponential, the same at every level
     * @param shareOfClosed one more open loop, at this part of the requests a second that the closed loop reached with
     *     the most streams at the highest level; 0 for none
     * @param prefixes whether prompts share all but their last eighth: one load for each
     * @param warmUp seconds of short requests at the highest level, and up to five times as long until compilers rest;
     *     beside what each level is warmed up by
     */
    public record Load(
            List<Integer> streams,
            int numPrompt,
            int numAnswer,
            int requests,
            int rounds,
            int answers,
            double minutes,
            List<Double> rates,
            double shareOfClosed,
            List<Boolean> prefixes,
            double warmUp) {
        int mostStreams() {
            return Collections.max(streams);
        }

        private int numLoads() {
            return prefixes.size() * (streams.size() + rates.size() + (shareOfClosed > 0 ? 1 : 0));
        }
    }

    /**
     * One load at one level, all rounds together.
     *
     * @param streams at a time; 0 in an open loop
     * @param requestsPerSecond of an open loop; else 0
     * @param sharedPrefix whether all prompts but for their last eighth are the same, and in the cache
     * @param answers that quantiles are over
     * @param gaps that quantiles of gaps are over
     * @param tokensPerSecond of all streams together, from the first request to the last token; the median round
     * @param aroundFirstTokenMillis of the time to the first token, what none of the engine's steps took
     * @param tokenMillis mean time from one of an answer's tokens to the next, a figure for each answer
     * @param gapMillis each time from one of an answer's tokens to the next; 0 where tokens came together
     * @param steps the engine's, of which tokens a second are made
     * @param serverCpuMillis processor time of this process a token, prompts included
     * @param clientCpuMillis the same of the client's process, at the level that has one
     * @param cores that both kept busy
     * @param stolen from who computes all the time, before the load and after it
     */
    public record Row(
            String level,
            int streams,
            double requestsPerSecond,
            boolean sharedPrefix,
            int answers,
            int gaps,
            double tokensPerSecond,
            Quantiles firstTokenMillis,
            Quantiles aroundFirstTokenMillis,
            Quantiles tokenMillis,
            Quantiles gapMillis,
            StepTimes steps,
            CpuTimes serverCpuMillis,
            double clientCpuMillis,
            double cores,
            StolenTime stolen) {}

    /**
     * What a level costs beside the one below it, or beside the bare engine.
     *
     * @param tokensPerSecondRatio median of the rounds' ratios
     * @param firstTokenMillis difference of the quantiles, each level with its own steps of the engine
     * @param addedFirstTokenMillis the same as if both had had the same steps ({@link FirstTokens})
     * @param aroundFirstTokenMillis difference of the quantiles of what none of the engine's steps took
     * @param tokenMillis difference of the quantiles
     * @param gapMillis difference of the quantiles
     * @param serverCpuMillis difference of the processor time a token
     * @param clientShareOfCores part of all processors that the client's process took, which the server did not have
     */
    public record Overhead(
            String level,
            String beside,
            int streams,
            double requestsPerSecond,
            boolean sharedPrefix,
            double tokensPerSecondRatio,
            Quantiles firstTokenMillis,
            Quantiles addedFirstTokenMillis,
            Quantiles aroundFirstTokenMillis,
            Quantiles tokenMillis,
            Quantiles gapMillis,
            CpuTimes serverCpuMillis,
            double clientShareOfCores) {}

    /** A level's rounds of the load that is measured. */
    private record Measured(String level, LoadTarget target, List<Round> rounds) {
        FirstTokens firstTokens() {
            return FirstTokens.joined(rounds.stream().map(Round::firstTokens).toList());
        }
    }

    private record Round(
            Outcome outcome,
            FirstTokens firstTokens,
            List<WatchedEngine.Step> steps,
            double tokensPerSecond,
            CpuTimes serverCpu) {}

    private final Load load;
    private final Map<String, LoadTarget> levels;
    private final Map<String, List<String>> beside;
    private final WatchedEngine engine;
    private final Random random = new Random(SEED);
    private final int vocabSize;
    private final List<Integer> beginning; // tokens that every prompt begins with
    private final List<Row> rows = new ArrayList<>();
    private final List<Overhead> overheads = new ArrayList<>();
    private final long start = System.nanoTime();
    private int loadsLeft;

    /**
     * Asks nothing yet.
     *
     * @param levels by name, each after those below it; all answer from {@code engine}, one after the other
     * @param beside by a level's name those that it is compared with
     */
    ServeLevels(Load load, Map<String, LoadTarget> levels, Map<String, List<String>> beside, WatchedEngine engine) {
        this.load = load;
        this.loadsLeft = load.numLoads();
        this.beside = beside;
        this.levels = new LinkedHashMap<>(levels);
        this.engine = engine;
        ModelDescription model = engine.description();
        this.vocabSize = model.vocabSize();
        this.beginning = model.tokenizer().tokenizer().beginOfText().stream().toList();
    }

    List<Row> rows() {
        return rows;
    }

    List<Overhead> overheads() {
        return overheads;
    }

    /** Measures everything. */
    void run() {
        levels.values().forEach(level -> warmUp(level, MOST_WARM_UP_NANOS));
        long wearNanos = (long) (load.warmUp() * 1e9);
        List<LoadTarget> fromBelow = List.copyOf(levels.values());
        wearIn(fromBelow.getLast(), wearNanos);
        fromBelow.subList(0, fromBelow.size() - 1).forEach(level -> askShortly(level, wearNanos / WEAR_PARTS));
        // Short requests had what is compiled to themselves.
        levels.values().forEach(level -> warmUp(level, Math.min(wearNanos, MOST_WARM_UP_NANOS)));
        for (boolean shared : load.prefixes()) {
            for (int streams : load.streams()) {
                measure(streams, 0, shared);
            }
            for (double rate : load.rates()) {
                measure(0, rate, shared);
            }
            if (load.shareOfClosed() > 0) {
                measure(0, load.shareOfClosed() * closedRequestsPerSecond(shared), shared);
            }
        }
    }

    private void warmUp(LoadTarget target, long mostNanos) {
        int most = load.mostStreams();
        untilCompilersRest(WARM, Math.min(WARM_UP_NANOS, mostNanos), mostNanos, () -> {
            target.answer(prompts(most, false), new Arrivals.Closed(most), load.numAnswer());
            target.answer(prompts(1, false), new Arrivals.Closed(1), load.numAnswer());
        });
    }

    /**
     * What a request runs through is compiled only after some thousand of them, and answers of some length are few: so
     * short ones, as long as asked, and then on until compilers rest. A thread that carries a request is the one that
     * wakes a compiler, on its own processor, and then waits for a slice of it, some 3 ms.
     */
    private void wearIn(LoadTarget target, long nanos) {
        untilCompilersRest(RESTING, nanos, LONGER_AT_MOST * nanos, () -> askShortly(target, nanos / WEAR_PARTS));
    }

    /**
     * Loads until hardly anything is compiled any more, but not for ever.
     *
     * @param resting part of a load's time in which something is compiled, at most
     */
    private static void untilCompilersRest(double resting, long leastNanos, long mostNanos, Runnable aLoad) {
        long start = System.nanoTime();
        double share = 1;
        for (long now = start; now - start < (share > resting ? mostNanos : leastNanos); ) {
            long compiling = COMPILERS.getTotalCompilationTime();
            aLoad.run();
            long end = System.nanoTime();
            share = (COMPILERS.getTotalCompilationTime() - compiling) * 1e6 / (end - now);
            now = end;
        }
    }

    private void askShortly(LoadTarget target, long nanos) {
        long end = System.nanoTime() + nanos;
        while (System.nanoTime() < end) {
            for (int streams : List.of(SHORT_STREAMS, 1)) {
                List<List<Integer>> prompts = prompts(4 * streams, SHORT_PROMPT, beginning);
                target.answer(prompts, new Arrivals.Closed(streams), SHORT_ANSWER);
            }
        }
    }

    /** What the closed loop with the most streams, which has been measured, reached at the highest level. */
    private double closedRequestsPerSecond(boolean shared) {
        String highest = List.copyOf(levels.keySet()).getLast();
        Row row = rows.stream()
                .filter(each -> each.level().equals(highest)
                        && each.streams() == load.mostStreams()
                        && each.sharedPrefix() == shared)
                .findFirst()
                .orElseThrow();
        return row.tokensPerSecond() / load.numAnswer();
    }

    /** A load has its least rounds, and further ones while its answers are too few and the next ends in its time. */
    private boolean goesOn(int rounds, int numAsked, long loadStart, long loadNanos) {
        long lasted = System.nanoTime() - loadStart;
        return rounds < load.rounds() || (numAsked < load.answers() && lasted + lasted / rounds < loadNanos);
    }

    private void measure(int streams, double rate, boolean shared) {
        List<Measured> measured = levels.entrySet().stream()
                .map(level -> new Measured(level.getKey(), level.getValue(), new ArrayList<>()))
                .toList();
        int count = load.requests() * (streams > 0 ? streams : load.mostStreams());
        List<Long> watched = new ArrayList<>(StolenTime.watch(WATCH_NANOS));
        long loadStart = System.nanoTime();
        long left = (long) (load.minutes() * 60e9) - (loadStart - start);
        long loadNanos = (long) (left * Math.min(1, SHARE / loadsLeft--));
        for (int round = 0; goesOn(round, round * count, loadStart, loadNanos); round++) {
            Arrivals arrivals = streams > 0 ? new Arrivals.Closed(streams) : poisson(count, rate);
            for (Measured level : round % 2 == 0 ? measured : measured.reversed()) {
                level.rounds().add(round(level.target(), count, arrivals, shared));
            }
        }
        watched.addAll(StolenTime.watch(WATCH_NANOS));
        StolenTime stolen = StolenTime.of(watched);
        List<Row> each = measured.stream()
                .map(level -> row(level, streams, rate, shared, stolen))
                .toList();
        rows.addAll(each);
        for (int i = 0; i < each.size(); i++) {
            List<String> below = beside.getOrDefault(each.get(i).level(), List.of());
            for (int j = 0; j < i; j++) {
                if (below.contains(each.get(j).level())) {
                    overheads.add(overhead(measured.get(i), each.get(i), measured.get(j), each.get(j)));
                }
            }
        }
    }

    private Round round(LoadTarget target, int count, Arrivals arrivals, boolean shared) {
        List<List<Integer>> prompts = prompts(count + 1, shared);
        target.answer(prompts.subList(0, 1), new Arrivals.Closed(1), 1); // what is shared is in the cache
        List<List<Integer>> asked = prompts.subList(1, prompts.size());
        engine.takeSteps();
        double ledBefore = engine.leadSeconds();
        CpuTimes.Reading before = CpuTimes.Reading.now();
        Outcome outcome = target.answer(asked, arrivals, load.numAnswer());
        CpuTimes cpu = CpuTimes.since(before, engine.leadSeconds() - ledBefore);
        List<WatchedEngine.Step> steps = engine.takeSteps();
        FirstTokens firstTokens = FirstTokens.of(
                outcome.answers(),
                answered -> WatchedEngine.aroundFirstToken(answered, asked.get(answered.request()), steps));
        return new Round(outcome, firstTokens, steps, count * (double) load.numAnswer() / outcome.seconds(), cpu);
    }

    private Row row(Measured measured, int streams, double rate, boolean shared, StolenTime stolen) {
        List<Round> rounds = measured.rounds();
        List<Answered> answers = rounds.stream()
                .flatMap(round -> round.outcome().answers().stream())
                .toList();
        FirstTokens firstTokens = measured.firstTokens();
        double tokens = answers.size() * (double) load.numAnswer();
        List<Long> gaps = answers.stream()
                .flatMap(answered -> answered.gapNanos().stream())
                .toList();
        CpuTimes server = rounds.stream().map(Round::serverCpu).reduce(new CpuTimes(0, 0, 0), CpuTimes::plus);
        double clientSeconds = rounds.stream()
                .mapToDouble(round -> round.outcome().clientCpuSeconds())
                .sum();
        double seconds =
                rounds.stream().mapToDouble(round -> round.outcome().seconds()).sum();
        return new Row(
                measured.level(),
                streams,
                rate,
                shared,
                answers.size(),
                gaps.size(),
                median(rounds.stream().mapToDouble(Round::tokensPerSecond).toArray()),
                firstTokens.quantiles(),
                firstTokens.aroundQuantiles(),
                Quantiles.of(answers.stream().mapToDouble(Answered::tokenNanos)),
                Quantiles.of(gaps.stream().mapToDouble(Long::doubleValue)),
                StepTimes.of(
                        tokens,
                        seconds,
                        rounds.stream().flatMap(round -> round.steps().stream()).toList()),
                server.times(1e3 / tokens),
                clientSeconds * 1e3 / tokens,
                (server.all() + clientSeconds) / seconds,
                stolen);
    }

    private static Overhead overhead(Measured measured, Row row, Measured beside, Row below) {
        double[] ratios = IntStream.range(0, measured.rounds().size())
                .mapToDouble(i -> measured.rounds().get(i).tokensPerSecond()
                        / beside.rounds().get(i).tokensPerSecond())
                .toArray();
        double client = measured.rounds().stream()
                .mapToDouble(round -> round.outcome().clientCpuSeconds())
                .sum();
        double seconds = measured.rounds().stream()
                .mapToDouble(round -> round.outcome().seconds())
                .sum();
        return new Overhead(
                row.level(),
                below.level(),
                row.streams(),
                row.requestsPerSecond(),
                row.sharedPrefix(),
                median(ratios),
                row.firstTokenMillis().minus(below.firstTokenMillis()),
                measured.firstTokens().addedTo(beside.firstTokens()),
                row.aroundFirstTokenMillis().minus(below.aroundFirstTokenMillis()),
                row.tokenMillis().minus(below.tokenMillis()),
                row.gapMillis().minus(below.gapMillis()),
                row.serverCpuMillis().minus(below.serverCpuMillis()),
                client / seconds / Runtime.getRuntime().availableProcessors());
    }

    private Arrivals poisson(int count, double rate) {
        List<Long> offsets = new ArrayList<>();
        double at = 0;
        for (int i = 0; i < count; i++) {
            at += -Math.log1p(-random.nextDouble()) / rate * 1e9;
            offsets.add((long) at);
        }
        return new Arrivals.Open(offsets);
    }

    private List<List<Integer>> prompts(int count, boolean shared) {
        int common = shared ? load.numPrompt() - load.numPrompt() / 8 : beginning.size();
        List<Integer> prefix = new ArrayList<>(beginning);
        prefix.addAll(tokens(Math.max(0, common - beginning.size())));
        return prompts(count, load.numPrompt(), prefix);
    }

    private List<List<Integer>> prompts(int count, int size, List<Integer> prefix) {
        List<List<Integer>> prompts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            List<Integer> prompt = new ArrayList<>(prefix);
            prompt.addAll(tokens(size - prefix.size()));
            prompts.add(prompt);
        }
        return prompts;
    }

    private List<Integer> tokens(int count) {
        return IntStream.generate(() -> random.nextInt(vocabSize))
                .limit(count)
                .boxed()
                .toList();
    }

    static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
