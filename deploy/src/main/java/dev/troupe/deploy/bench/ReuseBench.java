package dev.troupe.deploy.bench;

import dev.troupe.actors.serving.engine.Engine;
import dev.troupe.actors.serving.engine.EngineLoop;
import dev.troupe.actors.serving.engine.SampledToken;
import dev.troupe.actors.serving.replica.ReplicaSettings;
import dev.troupe.actors.serving.replica.ReuseSettings;
import dev.troupe.deploy.bench.LoadTarget.Answered;
import dev.troupe.deploy.bench.LoadTarget.Arrivals;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;

/** What is gained by not computing something again, or by guessing it, with the bare engine. */
public final class ReuseBench {
    private static final long SEED = 12;
    private static final int ROUNDS = 3;
    private static final int WARM_UP = 8; // rounds, until what a few rows ask of kernels is compiled
    private static final int PATTERN = 24; // tokens that a repetitive prompt repeats
    private static final int REPEATS = 5;
    private static final int MAX_DRAFT = 12;
    private static final LoadRequest REQUEST = new LoadRequest(Map.of());

    /** Medians of the time to the first token of a prompt, and of a second one that shares its first tokens. */
    public record Prefix(int sharedTokens, double firstMillis, double secondMillis, double ratio) {}

    /** Medians of plain decoding and of decoding with guesses, one stream; {@code same} when the answers are equal. */
    public record Speculation(
            double plainTokensPerSecond,
            double tokensPerSecond,
            double ratio,
            long numDrafted,
            long numAccepted,
            int plainSteps,
            int steps,
            boolean same) {}

    private final ReplicaSettings settings;
    private final int vocabSize;
    private final Random random = new Random(SEED);

    ReuseBench(ReplicaSettings settings, int vocabSize) {
        this.settings = settings;
        this.vocabSize = vocabSize;
    }

    /** Two prompts with the same {@code shared} first tokens, one after the other. */
    Prefix prefix(Engine engine, int shared) {
        EngineTarget target = new EngineTarget(settings, engine, new ReuseSettings(true, 0), REQUEST);
        double[] first = new double[ROUNDS];
        double[] second = new double[ROUNDS];
        for (int round = -WARM_UP; round < ROUNDS; round++) {
            List<Integer> one = new ArrayList<>(tokens(shared));
            List<Integer> other = new ArrayList<>(one);
            one.addAll(tokens(8));
            other.addAll(tokens(8));
            double before = answer(target, one, 1).firstTokenNanos() / 1e6;
            double after = answer(target, other, 1).firstTokenNanos() / 1e6;
            if (round >= 0) {
                first[round] = before;
                second[round] = after;
            }
        }
        double before = ServeLevels.median(first);
        double after = ServeLevels.median(second);
        return new Prefix(shared, before, after, after / before);
    }

    /**
     * Guesses on text that repeats itself: of the draft model, when the engine has one, else of what followed before.
     *
     * @param alone without a draft model
     */
    Speculation speculation(Engine alone, Engine engine, int numAnswer) {
        List<Integer> pattern = tokens(PATTERN);
        List<Integer> prompt = new ArrayList<>();
        for (int i = 0; i < REPEATS; i++) {
            prompt.addAll(pattern);
        }
        EngineTarget plain = new EngineTarget(settings, alone, new ReuseSettings(false, 0), REQUEST);
        EngineTarget guessing = new EngineTarget(
                settings,
                engine,
                new ReuseSettings(false, MAX_DRAFT, settings.reuse().draftModel()),
                REQUEST);
        double[] plainRate = new double[ROUNDS];
        double[] rate = new double[ROUNDS];
        for (int round = -1; round < ROUNDS; round++) { // the first one compiles
            plain.forget();
            guessing.forget();
            double slow = 1e9 / answer(plain, prompt, numAnswer).tokenNanos();
            double fast = 1e9 / answer(guessing, prompt, numAnswer).tokenNanos();
            if (round >= 0) {
                plainRate[round] = slow;
                rate[round] = fast;
            }
        }
        EngineLoop slow = plain.loop();
        EngineLoop fast = guessing.loop();
        double before = ServeLevels.median(plainRate);
        double after = ServeLevels.median(rate);
        return new Speculation(
                before,
                after,
                after / before,
                fast.policy().numDrafted(),
                fast.policy().numDraftsAccepted(),
                slow.numSteps(),
                fast.numSteps(),
                tokensOf(slow).equals(tokensOf(fast)));
    }

    private static Answered answer(EngineTarget target, List<Integer> prompt, int numAnswer) {
        return target.answer(List.of(prompt), new Arrivals.Closed(1), numAnswer)
                .answers()
                .getFirst();
    }

    private static List<Integer> tokensOf(EngineLoop loop) {
        return loop.answer(0).stream().map(SampledToken::token).toList();
    }

    private List<Integer> tokens(int count) {
        return IntStream.generate(() -> random.nextInt(vocabSize))
                .limit(count)
                .boxed()
                .toList();
    }
}
