package dev.troupe.actors.serving.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.actors.serving.GenerationEvent.FinishReason;
import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.Requests;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SchedulingPolicyTest {
    private static final int STOP = 7;

    private static Sequence sequence(long arrival, int promptTokens, int maxTokens) {
        GenerationRequest request = new GenerationRequest(
                "r" + arrival, Collections.nCopies(promptTokens, 1), maxTokens, List.of(STOP), Requests.GREEDY, 0);
        return new Sequence(arrival, request);
    }

    /** Computes a batch in which every sampled token is {@code token}. */
    private static List<Advance> compute(SchedulingPolicy policy, ScheduledBatch batch, int token) {
        return batch.chunks().stream()
                .map(chunk -> policy.advance(chunk, chunk.sampled() ? List.of(token) : List.of()))
                .toList();
    }

    private static List<String> shape(ScheduledBatch batch) {
        return batch.chunks().stream()
                .map(c ->
                        c.arrival() + ":" + c.firstPosition() + "+" + c.tokens().size() + (c.sampled() ? "!" : ""))
                .toList();
    }

    @Test
    void aLongPromptIsCutIntoChunksAndDecodesGoFirst() {
        SchedulingPolicy policy = new SchedulingPolicy(new SchedulingLimits(20, 4, 10, 128, 32));
        policy.offer(sequence(0, 5, 10));
        policy.offer(sequence(1, 40, 10));
        ScheduledBatch first = policy.schedule();
        assertThat(shape(first)).containsExactly("0:0+5!", "1:0+15");
        compute(policy, first, 1);
        ScheduledBatch second = policy.schedule();
        assertThat(shape(second)).containsExactly("0:5+1!", "1:15+19");
        compute(policy, second, 1);
        assertThat(shape(policy.schedule())).containsExactly("0:6+1!", "1:34+6!");
    }

    @Test
    void nobodyOvertakesTheHeadOfTheQueue() {
        SchedulingPolicy policy = new SchedulingPolicy(new SchedulingLimits(64, 8, 10, 64, 4));
        policy.offer(sequence(0, 40, 20)); // takes 3 of 4 blocks
        policy.offer(sequence(1, 20, 5)); // needs 2
        policy.offer(sequence(2, 2, 2)); // would fit
        assertThat(shape(policy.schedule())).containsExactly("0:0+40!");
        assertThat(policy.numQueued()).isEqualTo(2);
    }

    @Test
    void theQueueIsBounded() {
        SchedulingPolicy policy = new SchedulingPolicy(new SchedulingLimits(16, 1, 2, 64, 4));
        assertThat(policy.offer(sequence(0, 4, 4))).isTrue();
        policy.schedule();
        assertThat(policy.offer(sequence(1, 4, 4))).isTrue();
        assertThat(policy.offer(sequence(2, 4, 4))).isTrue();
        assertThat(policy.offer(sequence(3, 4, 4))).isFalse();
        assertThat(policy.numQueued()).isEqualTo(2);
    }

    @Test
    void anAnswerEndsAtAStopTokenAtItsLimitAndAtTheContext() {
        SchedulingPolicy policy = new SchedulingPolicy(new SchedulingLimits(64, 8, 10, 8, 32));
        policy.offer(sequence(0, 4, 2));
        policy.offer(sequence(1, 6, 100));
        assertThat(compute(policy, policy.schedule(), 1))
                .containsExactly(new Advance(1, Optional.empty()), new Advance(1, Optional.empty()));
        assertThat(compute(policy, policy.schedule(), 1))
                .containsExactly(
                        new Advance(1, Optional.of(FinishReason.LENGTH)),
                        new Advance(1, Optional.of(FinishReason.LENGTH)));
        policy.offer(sequence(2, 4, 2));
        assertThat(compute(policy, policy.schedule(), STOP))
                .containsExactly(new Advance(0, Optional.of(FinishReason.STOP)));
        assertThat(policy.isIdle()).isTrue();
        assertThat(policy.numUsedBlocks()).isZero();
    }

    @Test
    void aSequenceCancelledDuringAStepIsForgotten() {
        SchedulingPolicy policy = new SchedulingPolicy(new SchedulingLimits(64, 8, 10, 64, 8));
        Sequence sequence = sequence(0, 20, 20);
        policy.offer(sequence);
        ScheduledBatch batch = policy.schedule();
        policy.remove(sequence);
        policy.remove(sequence);
        assertThat(policy.numUsedBlocks()).isZero();
        assertThat(compute(policy, batch, 1)).containsExactly(Advance.NOTHING);
        assertThat(policy.schedule().isEmpty()).isTrue();
    }

    @Test
    void theLatestSequenceIsPreemptedAndComputedAgain() {
        SchedulingPolicy policy = new SchedulingPolicy(new SchedulingLimits(64, 8, 10, 64, 4));
        Sequence older = sequence(0, 16, 33);
        Sequence younger = sequence(1, 15, 20);
        policy.offer(older);
        policy.offer(younger);
        int steps = 0;
        while (policy.numPreemptions() == 0) {
            compute(policy, policy.schedule(), 1);
            assertThat(++steps).isLessThan(100);
        }
        assertThat(younger.numBlocks()).isZero();
        assertThat(policy.numQueued()).isEqualTo(1);
        List<Integer> before = List.copyOf(younger.generated());
        assertThat(before).isNotEmpty();
        while (policy.numRunning() < 2 && !policy.isIdle()) {
            ScheduledBatch batch = policy.schedule();
            batch.chunks().stream()
                    .filter(chunk -> chunk.arrival() == 1)
                    .forEach(chunk -> assertThat(chunk.firstPosition()).isZero());
            compute(policy, batch, 1);
            if (younger.numBlocks() > 0) {
                break;
            }
        }
        assertThat(younger.generated()).startsWith(before.toArray(Integer[]::new));
    }

    @Test
    void limitsThatCannotWorkAreRefused() {
        assertThatThrownBy(() -> new SchedulingPolicy(new SchedulingLimits(16, 4, 4, 65, 4)))
                .hasMessageContaining("cannot hold one sequence of 65 tokens");
        assertThatThrownBy(() -> new SchedulingPolicy(new SchedulingLimits(3, 4, 4, 64, 4)))
                .isInstanceOf(IllegalArgumentException.class);
        SchedulingPolicy policy = new SchedulingPolicy(new SchedulingLimits(16, 4, 4, 64, 4));
        assertThatThrownBy(() -> policy.offer(sequence(0, 64, 1))).isInstanceOf(IllegalArgumentException.class);
    }

    static long[] seeds() {
        return new Random(2026).longs(60).toArray();
    }

    /** Random traffic on random limits: what must always hold, and that everything ends. */
    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void randomTrafficKeepsEveryPromise(long seed) {
        Random random = new Random(seed);
        int context = 17 + random.nextInt(120);
        int maxRunning = 1 + random.nextInt(8);
        int blocks = Math.ceilDiv(context, 16) + random.nextInt(12);
        int maxQueued = 1 + random.nextInt(6);
        SchedulingLimits limits =
                new SchedulingLimits(maxRunning + random.nextInt(40), maxRunning, maxQueued, context, blocks);
        SchedulingPolicy policy = new SchedulingPolicy(limits);
        String where = "seed " + seed + ", " + limits;
        Map<Long, Sequence> open = new HashMap<>();
        Map<Long, Integer> answered = new HashMap<>();
        List<Long> firstScheduled = new ArrayList<>();
        Set<Long> cancelled = new HashSet<>();
        long arrival = 0;
        int steps = 0;
        while (arrival < 80 || !policy.isIdle()) {
            assertThat(++steps).as(where).isLessThan(200_000);
            while (arrival < 80 && random.nextInt(3) == 0) {
                Sequence sequence = sequence(arrival, 1 + random.nextInt(context - 1), 1 + random.nextInt(context));
                boolean full = policy.numQueued() >= maxQueued;
                assertThat(policy.offer(sequence)).as(where).isEqualTo(!full);
                if (!full) {
                    open.put(arrival, sequence);
                    answered.put(arrival, 0);
                }
                arrival++;
            }
            ScheduledBatch batch = policy.schedule();
            check(batch, limits, open, where);
            assertThat(batch.isEmpty()).as(where).isEqualTo(policy.isIdle());
            batch.chunks().forEach(chunk -> {
                if (!firstScheduled.contains(chunk.arrival())) {
                    firstScheduled.add(chunk.arrival());
                }
            });
            if (!open.isEmpty() && random.nextInt(40) == 0) {
                Sequence unlucky = open.values().iterator().next();
                policy.remove(unlucky);
                open.remove(unlucky.arrival());
                cancelled.add(unlucky.arrival());
            }
            for (ScheduledChunk chunk : batch.chunks()) {
                int token = random.nextInt(60) == 0 ? STOP : 1;
                Advance advance = policy.advance(chunk, chunk.sampled() ? List.of(token) : List.of());
                answered.merge(chunk.arrival(), advance.numEmitted(), Integer::sum);
                assertThat(cancelled.contains(chunk.arrival()) && advance.numEmitted() > 0)
                        .as(where)
                        .isFalse();
                advance.finished().ifPresent(reason -> open.remove(chunk.arrival()));
            }
            open.forEach((number, sequence) ->
                    assertThat(sequence.numGenerated()).as(where).isEqualTo(answered.get(number)));
        }
        assertThat(open).as("unfinished: " + where).isEmpty();
        assertThat(policy.numUsedBlocks()).as(where).isZero();
        assertThat(firstScheduled).as("order of first service: " + where).isSorted();
    }

    private static void check(ScheduledBatch batch, SchedulingLimits limits, Map<Long, Sequence> open, String where) {
        assertThat(batch.numTokens()).as(where).isLessThanOrEqualTo(limits.maxBatchTokens());
        assertThat(batch.chunks().size()).as(where).isLessThanOrEqualTo(limits.maxRunning());
        Set<Integer> used = new HashSet<>();
        for (Sequence sequence : open.values()) {
            for (int block : sequence.blocks().blocks()) {
                assertThat(used.add(block))
                        .as("block %d has two owners: %s", block, where)
                        .isTrue();
                assertThat(block).as(where).isBetween(0, limits.numKvBlocks() - 1);
            }
        }
        Set<Long> arrivals = new HashSet<>();
        for (ScheduledChunk chunk : batch.chunks()) {
            assertThat(arrivals.add(chunk.arrival()))
                    .as("two chunks of one sequence: %s", where)
                    .isTrue();
            int last = chunk.firstPosition() + chunk.tokens().size();
            assertThat(chunk.blocks().capacityTokens()).as(where).isGreaterThanOrEqualTo(last);
            assertThat(last).as(where).isLessThanOrEqualTo(limits.contextLength());
        }
    }
}
