package dev.troupe.model.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The tokens of these streams are their own positions, so a window shows where it was cut. */
class TokenBatchesTest {
    @TempDir
    Path directory;

    private static final class Batch {
        final int[] inputs;
        final int[] targets;

        Batch(int size) {
            inputs = new int[size];
            targets = new int[size];
        }
    }

    private static Batch fill(TokenBatches batches, long microBatch, int batch, int time) {
        var filled = new Batch(batch * time);
        batches.fill(microBatch, batch, time, filled.inputs, filled.targets);
        return filled;
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void anEpochShowsEveryWindowOnce(long seed) {
        var random = new Random(seed);
        int time = 1 + random.nextInt(9);
        TokenShards shards = TestCorpora.counting(directory, time + 1 + random.nextInt(2_000), 100);
        var batches = new TokenBatches(shards, BatchOrder.SHUFFLED, seed);
        long windows = batches.numWindows(time);
        Set<Integer> firstStarts = new HashSet<>();
        for (long epoch = 0; epoch < 3; epoch++) {
            Set<Integer> starts = new HashSet<>();
            for (long sample = epoch * windows; sample < (epoch + 1) * windows; sample++) {
                Batch row = fill(batches, sample, 1, time);
                requireConsecutive(row, 0, time);
                assertThat(starts.add(row.inputs[0]))
                        .as("seed %d: window twice", seed)
                        .isTrue();
            }
            int first = starts.stream().mapToInt(Integer::intValue).min().orElseThrow();
            for (int i = 0; i < windows; i++) {
                assertThat(starts).as("seed %d: windows touch", seed).contains(first + i * time);
            }
            firstStarts.add(first);
        }
        if (windows < TokenBatches.MIN_WINDOWS_FOR_PHASE - 1) {
            assertThat(firstStarts).containsExactly(0);
            assertThat(shards.tokens() - 1 - windows * time).isLessThan(time);
        }
    }

    private static void requireConsecutive(Batch batch, int row, int time) {
        for (int t = 0; t < time; t++) {
            assertThat(batch.inputs[row * time + t]).isEqualTo(batch.inputs[row * time] + t);
            assertThat(batch.targets[row * time + t]).isEqualTo(batch.inputs[row * time] + t + 1);
        }
    }

    @Test
    void windowBoundariesMoveFromEpochToEpoch() {
        var batches = new TokenBatches(TestCorpora.counting(directory, 10_000, 1_000), BatchOrder.SHUFFLED, 9);
        int time = 32;
        Set<Integer> phases = new HashSet<>();
        for (long epoch = 0; epoch < 40; epoch++) {
            phases.add(fill(batches, epoch * batches.numWindows(time), 1, time).inputs[0] % time);
        }
        assertThat(phases).hasSizeGreaterThan(15);
    }

    @ParameterizedTest
    @EnumSource(BatchOrder.class)
    void aBatchIsAFunctionOfItsIndexAlone(BatchOrder order) {
        TokenShards shards = TestCorpora.counting(directory, 3_000, 500);
        var run = new TokenBatches(shards, order, 42);
        Batch[] undisturbed = new Batch[200];
        for (int i = 0; i < undisturbed.length; i++) {
            undisturbed[i] = fill(run, i, 4, 16);
        }
        var resumed = new TokenBatches(TokenShards.open(directory), order, 42);
        for (int i = undisturbed.length - 1; i >= 0; i--) {
            Batch again = fill(resumed, i, 4, 16);
            assertThat(again.inputs).isEqualTo(undisturbed[i].inputs);
            assertThat(again.targets).isEqualTo(undisturbed[i].targets);
        }
    }

    /**
     * Rows of a batch are neighbouring samples: two ranks with half a batch each see what one with a whole one sees.
     */
    @ParameterizedTest
    @EnumSource(BatchOrder.class)
    void halfBatchesMakeUpAWholeOne(BatchOrder order) {
        var batches = new TokenBatches(TestCorpora.counting(directory, 3_000, 500), order, 5);
        for (int i = 0; i < 40; i++) {
            Batch whole = fill(batches, i, 6, 8);
            assertThat(Arrays.copyOfRange(whole.inputs, 0, 24)).isEqualTo(fill(batches, 2L * i, 3, 8).inputs);
            assertThat(Arrays.copyOfRange(whole.inputs, 24, 48)).isEqualTo(fill(batches, 2L * i + 1, 3, 8).inputs);
        }
    }

    @Test
    void anotherSeedGivesAnotherOrder() {
        TokenShards shards = TestCorpora.counting(directory, 3_000, 500);
        for (BatchOrder order : new BatchOrder[] {BatchOrder.SHUFFLED, BatchOrder.RANDOM}) {
            assertThat(fill(new TokenBatches(shards, order, 1), 0, 8, 16).inputs)
                    .isNotEqualTo(fill(new TokenBatches(shards, order, 2), 0, 8, 16).inputs);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 17, 18})
    void aCorpusSmallerThanABatchIsShownAgain(int tokens) {
        var batches = new TokenBatches(TestCorpora.counting(directory, tokens, 500), BatchOrder.SHUFFLED, 3);
        int time = tokens - 1;
        Batch batch = fill(batches, 0, 8, time);
        for (int row = 0; row < 8; row++) {
            requireConsecutive(batch, row, time);
        }
        assertThat(batches.batchesPerEpoch(8, time)).isOne();
    }

    @Test
    void aCorpusShorterThanAWindowIsAnError() {
        TokenShards shards = TestCorpora.counting(directory, 16, 500);
        for (BatchOrder order : new BatchOrder[] {BatchOrder.SHUFFLED, BatchOrder.RANDOM}) {
            assertThatThrownBy(() -> fill(new TokenBatches(shards, order, 1), 0, 1, 16))
                    .isInstanceOf(TroupeException.class)
                    .hasMessageContaining("16 tokens")
                    .hasMessageContaining("takes 17");
        }
    }

    @Test
    void randomWindowsBeginAnywhere() {
        int tokens = 40;
        int time = 8;
        var batches = new TokenBatches(TestCorpora.counting(directory, tokens, 500), BatchOrder.RANDOM, 11);
        int[] counts = new int[tokens];
        for (int i = 0; i < 1_000; i++) {
            Batch batch = fill(batches, i, 16, time);
            for (int row = 0; row < 16; row++) {
                requireConsecutive(batch, row, time);
                counts[batch.inputs[row * time]]++;
            }
        }
        for (int start = 0; start < tokens; start++) {
            if (start < tokens - time) {
                assertThat(counts[start]).as("start %d", start).isBetween(400, 600);
            } else {
                assertThat(counts[start]).isZero();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 5, 16, 17, 18, 100, 101})
    void sequentialShowsEveryTargetOnceAndThenNothing(int tokens) {
        var batches = new TokenBatches(TestCorpora.counting(directory, tokens, 30), BatchOrder.SEQUENTIAL, 0);
        int time = 4;
        int next = 1;
        for (long i = 0; i < batches.batchesPerEpoch(3, time) + 2; i++) {
            Batch batch = fill(batches, i, 3, time);
            for (int at = 0; at < batch.targets.length; at++) {
                if (batch.targets[at] != TokenBatches.IGNORED) {
                    assertThat(batch.targets[at]).isEqualTo(next);
                    assertThat(batch.inputs[at]).isEqualTo(next - 1);
                    next++;
                }
            }
        }
        assertThat(next).isEqualTo(tokens);
    }

    @Test
    void ordersHaveNames() {
        for (BatchOrder order : BatchOrder.values()) {
            assertThat(BatchOrder.named(order.configName())).isEqualTo(order);
        }
        assertThatThrownBy(() -> BatchOrder.named("sorted"))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("sorted")
                .hasMessageContaining("shuffled");
    }

    @Test
    void positionsAdvance() {
        assertThat(DataPosition.start(7).advance(3).advance(2)).isEqualTo(new DataPosition(5, 7));
        assertThatThrownBy(() -> new DataPosition(-1, 7)).isInstanceOf(IllegalArgumentException.class);
    }
}
