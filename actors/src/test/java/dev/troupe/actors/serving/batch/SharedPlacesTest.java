package dev.troupe.actors.serving.batch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.PromptOutput;
import dev.troupe.actors.serving.Requests;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Places and blocks are shared out among clients, whoever came first. */
class SharedPlacesTest {
    private static final int PATIENCE = SchedulingPolicy.PATIENCE_STEPS;

    private final Map<Long, Sequence> sequences = new HashMap<>();

    private Sequence sequence(long arrival) {
        return Objects.requireNonNull(sequences.get(arrival));
    }

    private Sequence offer(SchedulingPolicy policy, String client, int numPrompt, int maxTokens) {
        long arrival = sequences.size();
        Sequence sequence = new Sequence(
                arrival,
                new GenerationRequest(
                        client + arrival,
                        Collections.nCopies(numPrompt, 1),
                        maxTokens,
                        List.of(),
                        Requests.GREEDY,
                        0,
                        client,
                        PromptOutput.NONE));
        sequences.put(arrival, sequence);
        assertThat(policy.offer(sequence)).isTrue();
        return sequence;
    }

    /** Answers each sequence of a step with a token; gives the clients that had one. */
    private List<String> step(SchedulingPolicy policy) {
        List<String> clients = new ArrayList<>();
        for (ScheduledChunk chunk : policy.schedule().chunks()) {
            policy.advance(chunk, chunk.sampled() ? List.of(9) : List.of());
            clients.add(sequence(chunk.arrival()).client());
        }
        return clients;
    }

    private static SchedulingPolicy policy(int maxRunning, int numKvBlocks, SchedulingOptions options) {
        return new SchedulingPolicy(new SchedulingLimits(64, maxRunning, 100, 256, numKvBlocks), options);
    }

    @Test
    void whoHoldsAllPlacesGivesUpHisLatestOnes() {
        SchedulingPolicy policy = policy(4, 100, SchedulingOptions.PLAIN);
        for (int i = 0; i < 6; i++) {
            offer(policy, "a", 4, 200);
        }
        step(policy);
        Sequence b = offer(policy, "b", 4, 100);
        Sequence c = offer(policy, "c", 4, 100);
        for (int i = 0; i < PATIENCE - 1; i++) {
            assertThat(step(policy)).containsOnly("a");
        }
        step(policy);
        step(policy);
        assertThat(step(policy)).containsExactlyInAnyOrder("a", "a", "b", "c");
        assertThat(policy.numPreemptions()).isEqualTo(2);
        assertThat(b.numGenerated()).isPositive();
        assertThat(c.numGenerated()).isPositive();
        assertThat(sequence(3).numGenerated()).as("kept").isBetween(PATIENCE - 1, PATIENCE + 2);
        while (!policy.isIdle()) {
            step(policy);
        }
        assertThat(policy.numPreemptions()).as("to and fro").isEqualTo(2);
        for (long a = 0; a < 6; a++) {
            assertThat(sequence(a).numGenerated()).isEqualTo(200);
        }
        assertThat(policy.numUsedBlocks()).isZero();
    }

    @Test
    void aClientThatComesSoonIsNotWorthIt() {
        SchedulingPolicy policy = policy(2, 100, SchedulingOptions.PLAIN);
        offer(policy, "a", 4, PATIENCE);
        offer(policy, "a", 4, PATIENCE);
        step(policy);
        offer(policy, "b", 4, 1);
        while (!policy.isIdle()) {
            step(policy);
        }
        assertThat(policy.numPreemptions()).isZero();
    }

    @Test
    void twoClientsShareHalfAndHalfAndStaySo() {
        SchedulingPolicy policy = policy(4, 100, SchedulingOptions.PLAIN);
        for (String client : List.of("a", "b")) {
            for (int i = 0; i < 4; i++) {
                offer(policy, client, 4, 150);
            }
        }
        for (int i = 0; i < 4 * PATIENCE; i++) {
            assertThat(step(policy)).containsExactlyInAnyOrder("a", "a", "b", "b");
        }
        assertThat(policy.numPreemptions())
                .as("admitted by turns from the start")
                .isZero();
    }

    @Test
    void oneSequenceOfAClientIsNeverDisplaced() {
        SchedulingPolicy policy = policy(2, 100, SchedulingOptions.PLAIN);
        offer(policy, "a", 4, 60);
        offer(policy, "b", 4, 60);
        step(policy);
        offer(policy, "c", 4, 1);
        while (!policy.isIdle()) {
            step(policy);
        }
        assertThat(policy.numPreemptions()).isZero();
    }

    /** Blocks of 16: two sequences of 100 take 14 and what they grow by. */
    @Test
    void whoHoldsAllBlocksGivesUpHisLatestSequence() {
        SchedulingPolicy policy = policy(8, 17, SchedulingOptions.PLAIN);
        offer(policy, "a", 100, 100);
        offer(policy, "a", 100, 100);
        for (int i = 0; i < 5; i++) { // their prompts
            step(policy);
        }
        Sequence b = offer(policy, "b", 60, 20);
        for (int i = 0; i < 2 * PATIENCE; i++) {
            step(policy);
        }
        assertThat(b.numGenerated()).isPositive();
        assertThat(policy.numPreemptions()).isEqualTo(1);
        while (!policy.isIdle()) {
            step(policy);
        }
        assertThat(sequence(1).numGenerated()).isEqualTo(100);
    }

    /** Another's second prompt waits for its first one, not for a place. */
    @Test
    void nobodyIsDisplacedForWhoReadsALongPrompt() {
        SchedulingPolicy policy = new SchedulingPolicy(new SchedulingLimits(64, 4, 100, 2000, 500));
        for (int i = 0; i < 4; i++) {
            offer(policy, "a", 4, 400);
        }
        step(policy);
        offer(policy, "b", 1200, 100);
        Sequence second = offer(policy, "b", 1200, 100);
        for (int i = 0; i < 4 * PATIENCE; i++) {
            step(policy);
            assertThat(policy.numPreemptions()).isLessThanOrEqualTo(2);
        }
        for (int i = 0; i < 2 * PATIENCE; i++) {
            step(policy);
        }
        assertThat(second.numBlocks()).as("half of the places").isPositive();
        assertThat(policy.numPreemptions()).isEqualTo(2);
    }

    /** Where blocks run out, it is not whoever came last that gives way, but who has more. */
    @Test
    void whoHasMoreGivesUpBlocksFirst() {
        SchedulingPolicy policy = policy(8, 20, SchedulingOptions.PLAIN);
        for (int i = 0; i < 3; i++) {
            offer(policy, "a", 60, 150);
        }
        Sequence b = offer(policy, "b", 50, 100);
        while (b.numGenerated() < 100) {
            int before = b.numGenerated();
            step(policy);
            assertThat(b.numBlocks() > 0 || b.numGenerated() <= 1 || b.numGenerated() == 100)
                    .as("preempted after %d tokens", before)
                    .isTrue();
        }
        assertThat(policy.numPreemptions()).isPositive();
        while (!policy.isIdle()) {
            step(policy);
        }
        assertThat(sequences.values())
                .allSatisfy(sequence -> assertThat(sequence.numGenerated()).isGreaterThanOrEqualTo(100));
    }

    /** What is left when the others keep one each is too little for it, so none of them is displaced in vain. */
    @Test
    void nothingIsDisplacedInVain() {
        SchedulingPolicy policy = policy(8, 17, SchedulingOptions.PLAIN);
        offer(policy, "a", 130, 40); // 9 blocks
        offer(policy, "a", 20, 40); // 2, in which it stays for a while
        step(policy);
        Sequence b = offer(policy, "b", 200, 1); // 13
        for (int i = 0; i < 2 * PATIENCE; i++) {
            step(policy);
        }
        assertThat(b.numGenerated()).isZero();
        assertThat(policy.numPreemptions()).isZero();
    }

    /**
     * Whatever comes: everyone is answered, all blocks come back, and nobody is displaced more often than others wait.
     */
    @ParameterizedTest
    @CsvSource({"1,false", "2,true", "3,false", "4,true", "5,true"})
    void everyoneIsAnswered(long seed, boolean prefixCache) {
        Random random = new Random(seed);
        SchedulingPolicy policy = policy(3, 24, new SchedulingOptions(prefixCache, false, 0));
        Set<Long> open = new HashSet<>();
        int steps = 0;
        while (steps < 3_000 || !policy.isIdle()) {
            if (steps < 3_000 && policy.numQueued() < 20 && random.nextInt(4) == 0) {
                open.add(offer(policy, "c" + random.nextInt(4), 1 + random.nextInt(100), 1 + random.nextInt(80))
                        .arrival());
            }
            step(policy);
            steps++;
            assertThat(steps).as("seed %d", seed).isLessThan(60_000);
            assertThat(policy.numPreemptions()).as("seed %d", seed).isLessThanOrEqualTo(2L * sequences.size());
        }
        assertThat(policy.numPreemptions()).as("seed %d", seed).isPositive();
        assertThat(open)
                .allSatisfy(arrival -> assertThat(sequence(arrival).numBlocks()).isZero());
        assertThat(policy.numUsedBlocks()).as("seed %d", seed).isZero();
    }
}
