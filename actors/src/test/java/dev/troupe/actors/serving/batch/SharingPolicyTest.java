package dev.troupe.actors.serving.batch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.Requests;
import dev.troupe.actors.serving.kv.BlockCopy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The policy with shared blocks and guesses. */
class SharingPolicyTest {
    private static final int STOP = 7;
    private static final SchedulingOptions SHARING = new SchedulingOptions(true, false, 0);

    private static Sequence sequence(long arrival, List<Integer> prompt, int maxTokens, int firstIndex) {
        return new Sequence(
                arrival,
                new GenerationRequest("r" + arrival, prompt, maxTokens, List.of(STOP), Requests.GREEDY, firstIndex));
    }

    private static List<Integer> tokens(int from, int to) {
        return IntStream.range(from, to).boxed().toList();
    }

    private static List<String> shape(ScheduledBatch batch) {
        return batch.chunks().stream()
                .map(c ->
                        c.arrival() + ":" + c.firstPosition() + "+" + c.tokens().size() + (c.sampled() ? "!" : ""))
                .toList();
    }

    private static void compute(SchedulingPolicy policy, ScheduledBatch batch, int token) {
        batch.chunks().forEach(chunk -> policy.advance(chunk, chunk.sampled() ? List.of(token) : List.of()));
    }

    @Test
    void aSecondRequestStartsBehindWhatTheFirstLeft() {
        SchedulingPolicy policy = new SchedulingPolicy(new SchedulingLimits(64, 4, 10, 128, 32), SHARING);
        policy.offer(sequence(0, tokens(100, 140), 1, 0));
        compute(policy, policy.schedule(), 1);
        assertThat(policy.isIdle()).isTrue();
        assertThat(policy.numUsedBlocks()).isZero();
        assertThat(policy.numIdleBlocks()).as("the end of the prompt, too").isEqualTo(3);
        Sequence second = sequence(1, tokens(100, 150), 1, 0);
        policy.offer(second);
        assertThat(shape(policy.schedule())).containsExactly("1:32+18!");
        assertThat(second.numCached()).isEqualTo(32);
    }

    @Test
    void oneTokenIsAlwaysComputed() {
        SchedulingPolicy policy = new SchedulingPolicy(new SchedulingLimits(64, 4, 10, 128, 32), SHARING);
        policy.offer(sequence(0, tokens(100, 132), 1, 0));
        compute(policy, policy.schedule(), 1);
        policy.offer(sequence(1, tokens(100, 132), 1, 0));
        assertThat(shape(policy.schedule())).containsExactly("1:31+1!");
        policy.offer(sequence(2, tokens(100, 133), 1, 0));
        assertThat(shape(policy.schedule())).contains("2:32+1!");
    }

    /**
     * Several answers to one prompt: it is computed once, in the very step that all are admitted in, and its last block
     * is copied by whoever goes on in it beside others.
     */
    @Test
    void choicesOfOnePromptComputeItOnceAndCopyItsEndOnWrite() {
        SchedulingPolicy policy = new SchedulingPolicy(new SchedulingLimits(64, 4, 10, 128, 32), SHARING);
        List<Sequence> choices = IntStream.range(0, 3)
                .mapToObj(i -> sequence(i, tokens(100, 140), 30, 0))
                .toList();
        choices.forEach(policy::offer);
        ScheduledBatch batch = policy.schedule();
        assertThat(shape(batch)).containsExactly("0:0+40!", "1:40+0!", "2:40+0!");
        assertThat(batch.chunks()).extracting(ScheduledChunk::drawsFrom).containsExactly(0L, 0L, 0L);
        assertThat(policy.numUsedBlocks()).as("all shared").isEqualTo(3);
        int shared = batch.chunks().getFirst().blocks().last();
        compute(policy, batch, 1);
        policy.remove(choices.get(1));
        ScheduledBatch next = policy.schedule();
        assertThat(shape(next)).containsExactly("0:40+1!", "2:40+1!");
        assertThat(next.chunks().getFirst().copy()).isEmpty();
        int own = next.chunks().getLast().blocks().last();
        assertThat(next.chunks().getLast().copy()).contains(new BlockCopy(shared, own));
        assertThat(policy.numUsedBlocks()).isEqualTo(4);
        compute(policy, next, 1);
        assertThat(policy.schedule().chunks()).allMatch(chunk -> chunk.copy().isEmpty());
    }

    /** The one that wrote it is gone: its reader has the block for itself. */
    @Test
    void theLastOwnerOfABlockNeedsNoCopy() {
        SchedulingPolicy policy = new SchedulingPolicy(new SchedulingLimits(64, 4, 10, 128, 32), SHARING);
        policy.offer(sequence(0, tokens(100, 140), 1, 0));
        compute(policy, policy.schedule(), 1);
        policy.offer(sequence(1, tokens(100, 140), 9, 0));
        ScheduledBatch first = policy.schedule();
        assertThat(shape(first)).containsExactly("1:39+1!");
        compute(policy, first, 1);
        ScheduledChunk second = policy.schedule().chunks().getFirst();
        assertThat(second.copy()).isEmpty();
        assertThat(second.blocks().blocks())
                .isEqualTo(first.chunks().getFirst().blocks().blocks());
    }

    /** Its reader must not go on in a block that others may find full of another's answer. */
    @Test
    void aBlockThatWasFilledIsCopied() {
        SchedulingPolicy policy = new SchedulingPolicy(new SchedulingLimits(64, 4, 10, 128, 32), SHARING);
        policy.offer(sequence(0, tokens(100, 140), 9, 0));
        while (!policy.isIdle()) {
            compute(policy, policy.schedule(), 1); // 48 tokens computed in the end
        }
        policy.offer(sequence(1, tokens(100, 140), 9, 0));
        compute(policy, policy.schedule(), 2);
        assertThat(policy.schedule().chunks().getFirst().copy()).isPresent();
    }

    /** A prompt of which nothing is drawn: its last token's place is not stored to by another in the same step. */
    @Test
    void whoCannotDrawFromAnothersLogitsSharesFullBlocksOnly() {
        for (int length : new int[] {40, 48}) {
            SchedulingPolicy policy = new SchedulingPolicy(new SchedulingLimits(99, 4, 10, 128, 32), SHARING);
            policy.offer(sequence(0, tokens(100, 100 + length), 0, 0));
            policy.offer(sequence(1, tokens(100, 100 + length), 9, 0));
            assertThat(shape(policy.schedule())).containsExactly("0:0+" + length, "1:32+" + (length - 32) + "!");
        }
    }

    @Test
    void generatedTokensAreSharedUnlessTheyAreComputedInAnotherWay() {
        for (boolean promptsApart : new boolean[] {false, true}) {
            SchedulingPolicy policy = new SchedulingPolicy(
                    new SchedulingLimits(64, 4, 10, 128, 32), new SchedulingOptions(true, promptsApart, 0));
            policy.offer(sequence(0, tokens(100, 120), 30, 0));
            while (!policy.isIdle()) {
                compute(policy, policy.schedule(), 3); // 49 tokens computed in the end
            }
            List<Integer> next = new ArrayList<>(tokens(100, 120));
            next.addAll(IntStream.generate(() -> 3).limit(40).boxed().toList());
            policy.offer(sequence(1, next, 1, 0));
            assertThat(shape(policy.schedule())).containsExactly(promptsApart ? "1:16+44!" : "1:48+12!");
            policy.offer(sequence(2, next, 1, 40)); // the answer of a replica that died: generated all the same
            assertThat(shape(policy.schedule())).contains(promptsApart ? "2:48+12!" : "2:60+0!");
        }
    }

    @Test
    void nothingOfAFailedStepIsFoundAgain() {
        SchedulingPolicy policy = new SchedulingPolicy(new SchedulingLimits(64, 4, 10, 128, 32), SHARING);
        Sequence first = sequence(0, tokens(100, 140), 9, 0);
        policy.offer(first);
        policy.schedule();
        policy.remove(first);
        policy.failed();
        assertThat(policy.numIdleBlocks()).isZero();
        policy.offer(sequence(1, tokens(100, 140), 9, 0));
        assertThat(shape(policy.schedule())).containsExactly("1:0+40!");
    }

    @Test
    void guessesTakeWhatIsLeftOfTheBudgetAndEndAtLimits() {
        SchedulingPolicy policy =
                new SchedulingPolicy(new SchedulingLimits(30, 4, 10, 128, 32), new SchedulingOptions(false, false, 12));
        policy.offer(sequence(0, List.of(1, 2, 3, 4, 5, 1, 2), 9, 0));
        compute(policy, policy.schedule(), 3);
        ScheduledBatch guessed = policy.schedule();
        ScheduledChunk chunk = guessed.chunks().getFirst();
        assertThat(chunk.tokens()).containsExactly(3, 4, 5, 1, 2);
        assertThat(chunk.numDraft()).isEqualTo(4);
        assertThat(chunk.numWanted()).isEqualTo(5);
        assertThat(policy.advance(chunk, List.of(4, 5, 9)).numEmitted()).isEqualTo(3);
        assertThat(policy.numDrafted()).isEqualTo(4);
        assertThat(policy.numDraftsAccepted()).isEqualTo(2);
        assertThat(shape(policy.schedule())).as("nothing ends in 5 9").containsExactly("0:10+1!");
        policy.offer(sequence(1, tokens(200, 240), 2, 0));
        assertThat(shape(policy.schedule())).contains("1:0+29");
    }

    @Test
    void aGuessStopsBeforeAStopTokenAndNeverPassesTheLimit() {
        SchedulingPolicy policy =
                new SchedulingPolicy(new SchedulingLimits(30, 4, 10, 128, 32), new SchedulingOptions(false, false, 12));
        policy.offer(sequence(0, List.of(1, 2, 3, STOP, 5, 1), 99, 0));
        compute(policy, policy.schedule(), 2);
        assertThat(policy.schedule().chunks().getFirst().tokens()).containsExactly(2, 3);
        policy.offer(sequence(1, List.of(1, 2, 3, 4, 5, 1), 3, 0));
        ScheduledBatch batch = policy.schedule();
        policy.advance(batch.chunks().getLast(), List.of(2));
        ScheduledChunk last = policy.schedule().chunks().getLast();
        assertThat(last.tokens()).as("two tokens are missing: one guess").containsExactly(2, 3);
        assertThat(policy.advance(last, List.of(3, 4)).finished()).isPresent();
    }

    static long[] seeds() {
        return new Random(2027).longs(60).toArray();
    }

    /** Random traffic with few different tokens: what rows read is their own text, and everything ends. */
    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void randomTrafficKeepsEveryPromise(long seed) {
        Random random = new Random(seed);
        int context = 17 + random.nextInt(120);
        int maxRunning = 1 + random.nextInt(8);
        int blocks = Math.ceilDiv(context, 16) + random.nextInt(12);
        SchedulingLimits limits = new SchedulingLimits(
                maxRunning + random.nextInt(40), maxRunning, 1 + random.nextInt(6), context, blocks);
        SchedulingOptions options = new SchedulingOptions(true, random.nextBoolean(), random.nextInt(8));
        SchedulingPolicy policy = new SchedulingPolicy(limits, options);
        String where = "seed " + seed + ", " + limits + ", " + options;
        SimulatedCache cache = new SimulatedCache(blocks);
        Map<Long, Sequence> open = new HashMap<>();
        List<Integer> often = tokens(100, 101 + random.nextInt(context - 1));
        long arrival = 0;
        int steps = 0;
        while (arrival < 80 || !policy.isIdle()) {
            assertThat(++steps).as(where).isLessThan(200_000);
            while (arrival < 80 && random.nextInt(3) == 0) {
                List<Integer> prompt = switch (random.nextInt(3)) {
                    case 0 -> often;
                    case 1 -> tokens(100, 101 + random.nextInt(context - 1));
                    default ->
                        random.ints(1 + random.nextInt(context - 1), 1, 3)
                                .boxed()
                                .toList();
                };
                int maxTokens = random.nextInt(8) == 0 ? 0 : 1 + random.nextInt(context);
                Sequence sequence = sequence(arrival, prompt, maxTokens, 0);
                if (policy.offer(sequence)) {
                    open.put(arrival, sequence);
                }
                arrival++;
            }
            ScheduledBatch batch = policy.schedule();
            check(policy, batch, limits, open, where);
            assertThat(batch.isEmpty()).as(where).isEqualTo(policy.isIdle());
            boolean fails = random.nextInt(30) == 0;
            cache.compute(batch, open, fails, where);
            if (fails) {
                batch.chunks().forEach(chunk -> {
                    policy.remove(Objects.requireNonNull(open.get(chunk.arrival())));
                    open.remove(chunk.arrival());
                });
                policy.failed();
                continue;
            }
            if (!open.isEmpty() && random.nextInt(40) == 0) {
                Sequence unlucky = open.values().iterator().next();
                policy.remove(unlucky);
                open.remove(unlucky.arrival());
            }
            for (ScheduledChunk chunk : batch.chunks()) {
                Advance advance = policy.advance(chunk, drawn(chunk, random));
                advance.finished().ifPresent(reason -> open.remove(chunk.arrival()));
            }
        }
        assertThat(open).as("unfinished: " + where).isEmpty();
        assertThat(policy.numUsedBlocks()).as(where).isZero();
    }

    /** What an engine would draw: some guesses hold, then comes something else. */
    private static List<Integer> drawn(ScheduledChunk chunk, Random random) {
        List<Integer> drawn = new ArrayList<>();
        for (int i = 0; i < chunk.numWanted(); i++) {
            boolean holds = i < chunk.numDraft() && random.nextInt(4) > 0;
            drawn.add(holds ? chunk.draft(i) : random.nextInt(60) == 0 ? STOP : 4 + random.nextInt(2));
            if (!holds) {
                break;
            }
        }
        return drawn;
    }

    private static void check(
            SchedulingPolicy policy,
            ScheduledBatch batch,
            SchedulingLimits limits,
            Map<Long, Sequence> open,
            String where) {
        assertThat(batch.numTokens()).as(where).isLessThanOrEqualTo(limits.maxBatchTokens());
        assertThat(batch.chunks().size()).as(where).isLessThanOrEqualTo(limits.maxRunning());
        Set<Integer> used = new HashSet<>();
        for (Sequence sequence : open.values()) {
            for (int block : sequence.blocks().blocks()) {
                used.add(block);
            }
        }
        assertThat(policy.numUsedBlocks()).as(where).isEqualTo(used.size());
        assertThat(used.size() + policy.numIdleBlocks()).as(where).isLessThanOrEqualTo(limits.numKvBlocks());
        for (ScheduledChunk chunk : batch.chunks()) {
            int last = chunk.firstPosition() + chunk.tokens().size();
            assertThat(chunk.blocks().capacityTokens()).as(where).isGreaterThanOrEqualTo(last);
            assertThat(last).as(where).isLessThanOrEqualTo(limits.contextLength());
        }
    }
}
