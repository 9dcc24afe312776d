package dev.troupe.model.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.sun.management.ThreadMXBean;
import dev.troupe.model.kernel.TestTensors;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SamplerTest {
    private static final int DRAWS = 40_000;
    private static final TensorArena ARENA = TensorArena.open("test");

    @AfterAll
    static void close() {
        ARENA.close();
    }

    private static Tensor logits(double... probabilities) {
        Tensor logits = ARENA.allocate(1, probabilities.length);
        for (int i = 0; i < probabilities.length; i++) {
            logits.set(i, (float) Math.log(probabilities[i]));
        }
        return logits;
    }

    private static SamplingOptions options(double temperature, int topK, double topP, double minP) {
        return new SamplingOptions(temperature, topK, topP, minP, 1, 0, 0, Map.of(), 17);
    }

    private static double[] frequencies(SamplingOptions options, Tensor logits, TokenCounts history) {
        Sampler sampler = new Sampler(options, new SamplingSpace());
        double[] frequencies = new double[logits.dim(1)];
        for (int i = 0; i < DRAWS; i++) {
            frequencies[sampler.sample(logits, 0, i, history)] += 1.0 / DRAWS;
        }
        return frequencies;
    }

    /** Three standard deviations of a frequency are below 0.0075 with this many draws. */
    private static void assertFrequencies(SamplingOptions options, Tensor logits, double... expected) {
        double[] frequencies = frequencies(options, logits, TokenCounts.ofPrompt(List.of()));
        for (int i = 0; i < expected.length; i++) {
            assertThat(frequencies[i]).as("token %d, seed 17", i).isCloseTo(expected[i], within(0.01));
            if (expected[i] == 0) {
                assertThat(frequencies[i]).isZero();
            }
        }
    }

    @Test
    void drawsFromTheDistribution() {
        Tensor logits = logits(.1, .4, .2, .3);
        assertFrequencies(options(1, 0, 1, 0), logits, .1, .4, .2, .3);
        assertFrequencies(options(.5, 0, 1, 0), logits, .01 / .3, .16 / .3, .04 / .3, .09 / .3);
        assertFrequencies(options(1, 2, 1, 0), logits, 0, 4 / 7.0, 0, 3 / 7.0);
        assertFrequencies(options(1, 0, .65, 0), logits, 0, 4 / 7.0, 0, 3 / 7.0);
        assertFrequencies(options(1, 0, .75, 0), logits, 0, 4 / 9.0, 2 / 9.0, 3 / 9.0);
        assertFrequencies(options(1, 0, 1, .6), logits, 0, 4 / 7.0, 0, 3 / 7.0);
        assertFrequencies(options(1, 3, .5, 0), logits, 0, 4 / 7.0, 0, 3 / 7.0); // .4 of .9, not of 1
        assertFrequencies(options(1, 1, 1, 0), logits, 0, 1, 0, 0);
        assertFrequencies(options(1, 0, 1e-9, 0), logits, 0, 1, 0, 0);
    }

    @Test
    void greedyTakesTheLowestOfTheBest() {
        Sampler sampler = new Sampler(SamplingOptions.greedy(), new SamplingSpace());
        assertThat(sampler.sample(logits(.1, .3, .3, .3), 0, 0, TokenCounts.ofPrompt(List.of())))
                .isEqualTo(1);
    }

    @Test
    void adjustsByHistoryAndBias() {
        Tensor logits = logits(.25, .25, .25, .25);
        TokenCounts history = TokenCounts.ofPrompt(List.of(3));
        history.add(1);
        history.add(1);
        double[] penalized = frequencies(new SamplingOptions(1, 0, 1, 0, 1, .5, .25, Map.of(), 3), logits, history);
        double left = Math.exp(-1);
        assertThat(penalized[1]).isCloseTo(left / (3 + left), within(.01)); // the prompt's 3 is not counted
        double[] biased = frequencies(new SamplingOptions(1, 0, 1, 0, 1, 0, 0, Map.of(2, -100.0), 3), logits, history);
        assertThat(biased[2]).isZero();
        double[] repeated = frequencies(new SamplingOptions(1, 0, 1, 0, 2, 0, 0, Map.of(), 3), logits, history);
        assertThat(repeated[3]).isCloseTo(.25 * .25 / (.5 + .125), within(.01)); // log .25 doubled
        assertThat(repeated[1]).isCloseTo(repeated[3], within(.01));
        Tensor positive = ARENA.allocate(1, 4);
        for (int i = 0; i < 4; i++) {
            positive.set(i, 2); // a penalty of 2 takes it to 1, as it takes a negative one to its double
        }
        double[] halved = frequencies(new SamplingOptions(1, 0, 1, 0, 2, 0, 0, Map.of(), 3), positive, history);
        double one = Math.exp(1);
        double two = Math.exp(2);
        assertThat(halved[3]).isCloseTo(one / (2 * one + 2 * two), within(.01));
        assertThat(halved[0]).isCloseTo(two / (2 * one + 2 * two), within(.01));
    }

    /** Bias and penalties are applied before the distribution is cut. */
    @Test
    void whatIsCutIsTheAdjustedDistribution() {
        Map<Integer, Double> bias = Map.of(0, Math.log(6));
        Tensor logits = logits(.1, .4, .2, .3); // .6, .4, .2, .3 of 1.5 with the bias
        TokenCounts none = TokenCounts.ofPrompt(List.of());
        assertThat(frequencies(new SamplingOptions(1, 0, 1, 0, 1, 0, 0, bias, 3), logits, none)[0])
                .isCloseTo(.4, within(.01));
        List<SamplingOptions> toTwo = List.of(
                new SamplingOptions(1, 2, 1, 0, 1, 0, 0, bias, 3),
                new SamplingOptions(1, 0, .6, 0, 1, 0, 0, bias, 3),
                new SamplingOptions(1, 0, 1, .6, 1, 0, 0, bias, 3));
        for (SamplingOptions options : toTwo) {
            double[] cut = frequencies(options, logits, none);
            assertThat(cut[0]).as("%s", options).isCloseTo(.6, within(.01));
            assertThat(cut[1]).as("%s", options).isCloseTo(.4, within(.01));
        }
    }

    /** A vocabulary of 50,000 takes 800 KB for a draw; every answer had its own. */
    @Test
    void answersShareTheirSpace() {
        Tensor logits = ARENA.allocate(1, 50_000);
        SamplingSpace space = new SamplingSpace();
        SamplingOptions sampled = new SamplingOptions(.8, 40, .9, .01, 1.1, 0, 0, Map.of(3, 1.0), 1);
        draw(space, logits, sampled); // classes are loaded, and the space is made
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int answer = 0; answer < 20; answer++) {
            draw(space, logits, sampled);
            draw(space, logits, SamplingOptions.greedy());
        }
        long each = (threads.getCurrentThreadAllocatedBytes() - before) / 40;
        assertThat(each).as("bytes of an answer").isBetween(0L, 4096L);
    }

    private static void draw(SamplingSpace space, Tensor logits, SamplingOptions options) {
        assertThat(new Sampler(options, space).sample(logits, 0, 0, TokenCounts.ofPrompt(List.of())))
                .isNotNegative();
    }

    @Test
    void aDrawDependsOnSeedAndIndexAlone() {
        Tensor logits =
                logits(IntStream.range(0, 500).mapToDouble(i -> 1 + i % 7).toArray());
        SamplingOptions options = new SamplingOptions(.8, 100, .9, .01, 1, 0, 0, Map.of(), 1234);
        SamplingSpace space = new SamplingSpace();
        int[] forwards = IntStream.range(0, 50)
                .map(i -> new Sampler(options, space).sample(logits, 0, i, TokenCounts.ofPrompt(List.of())))
                .toArray();
        Sampler one = new Sampler(options, space);
        for (int i = 49; i >= 0; i--) {
            assertThat(one.sample(logits, 0, i, TokenCounts.ofPrompt(List.of())))
                    .isEqualTo(forwards[i]);
        }
        assertThat(Arrays.stream(forwards).distinct().count()).isGreaterThan(20);
    }

    /** Against a full sort, with many equal weights. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void selectsWhatSortingWould(long seed) {
        int size = 1 + (int) (CounterRandom.uniform(seed, 0, 0) * 300);
        double[] weights = IntStream.range(0, size)
                .mapToDouble(i -> 1 + Math.floor(CounterRandom.uniform(seed, 1, i) * 40))
                .toArray();
        List<Integer> sorted = IntStream.range(0, size)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer i) -> -weights[i]).thenComparing(i -> i))
                .toList();
        TopSelection selection = new TopSelection(size);
        double sum = 0;
        for (int count = 1; count <= size; count++) {
            int last = sorted.get(count - 1);
            assertThat(selection.byCount(weights, count)).as("seed %d", seed).isEqualTo(last);
            assertThat(selection.byWeight(weights, sum + 0.5))
                    .as("seed %d", seed)
                    .isEqualTo(last);
            sum += weights[last];
            assertThat(selection.byWeight(weights, sum)).as("seed %d", seed).isEqualTo(last);
        }
        assertThat(selection.byCount(weights, size + 5)).isEqualTo(sorted.getLast());
        assertThat(selection.byWeight(weights, sum + 5)).isEqualTo(sorted.getLast());
    }

    @Test
    void logProbsAreTheLogOfTheSoftmax() {
        Tensor logits = ARENA.allocate(2, 4);
        logits.view(4, 1, 4).copyFrom(logits(.1, .4, .2, .3));
        for (int i = 4; i < 8; i++) {
            logits.set(i, logits.get(i) + 50); // a softmax does not see a shift
        }
        assertThat(LogProbs.logProb(logits, 1, 3)).isCloseTo(Math.log(.3), within(1e-5));
        assertThat(LogProbs.logProb(logits, 0, 3)).isCloseTo(Math.log(.25), within(1e-12));
        assertThat(LogProbs.top(logits, 1, 2))
                .extracting(LogProbs.TokenLogProb::token)
                .containsExactly(1, 3);
        assertThat(LogProbs.top(logits, 0, 3))
                .extracting(LogProbs.TokenLogProb::token)
                .containsExactly(0, 1, 2);
        assertThat(LogProbs.top(logits, 0, 9)).hasSize(4);
        assertThat(LogProbs.top(logits, 0, 0)).isEmpty();
    }

    @Test
    void refusesBadOptions() {
        assertThatThrownBy(() -> options(-1, 0, 1, 0)).hasMessageContaining("temperature");
        assertThatThrownBy(() -> options(1, -1, 1, 0)).hasMessageContaining("topK");
        assertThatThrownBy(() -> options(1, 0, 0, 0)).hasMessageContaining("topP");
        assertThatThrownBy(() -> options(1, 0, 1, 2)).hasMessageContaining("minP");
    }

    @Test
    void countersGiveUniformAndNormalNumbers() {
        double sum = 0;
        double squares = 0;
        double uniform = 0;
        for (int i = 0; i < DRAWS; i++) {
            double x = CounterRandom.normal(5, 6, i);
            sum += x;
            squares += x * x;
            uniform += CounterRandom.uniform(5, 7, i);
        }
        assertThat(sum / DRAWS).isCloseTo(0, within(.02));
        assertThat(squares / DRAWS).isCloseTo(1, within(.03));
        assertThat(uniform / DRAWS).isCloseTo(.5, within(.01));
    }

    @ParameterizedTest
    @CsvSource({"0,0", "0,1", "1,1", "1,2", "6,7", "7,8"})
    void normalNumbersInARowAreThoseDrawnOneByOne(int from, int count) {
        double[] inARow = new double[count];
        CounterRandom.normals(5, 6, from, inARow);
        for (int i = 0; i < count; i++) {
            assertThat(inARow[i]).isEqualTo(CounterRandom.normal(5, 6, from + i));
        }
    }

    @Test
    void ofEqualLogitsTheFirstIsTheBestWhereverTheyAre() {
        int vocabSize = 5000;
        Tensor logits = TestTensors.normal(ARENA, 1, 1, vocabSize);
        Sampler greedy = new Sampler(SamplingOptions.greedy(), new SamplingSpace());
        TokenCounts history = TokenCounts.ofPrompt(List.of());
        Random random = new Random(5);
        for (int i = 0; i < 300; i++) {
            logits.set(1 + random.nextInt(vocabSize - 1), Float.NaN); // no number, no best token
            int best = random.nextInt(vocabSize);
            logits.set(best, 10 + i);
            logits.set(best + random.nextInt(vocabSize - best), 10 + i);
            assertThat(greedy.sample(logits, 0, i, history)).isEqualTo(best);
        }
    }
}
