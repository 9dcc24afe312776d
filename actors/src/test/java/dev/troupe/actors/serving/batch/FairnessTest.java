package dev.troupe.actors.serving.batch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.PromptOutput;
import dev.troupe.actors.serving.Requests;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients take turns: who asks for much waits for itself. */
class FairnessTest {
    private long nextArrival;

    private Sequence sequence(String client, int numPrompt, int maxTokens) {
        long arrival = nextArrival++;
        List<Integer> prompt = new ArrayList<>();
        for (int i = 0; i < numPrompt; i++) {
            prompt.add(i + 1);
        }
        return new Sequence(
                arrival,
                new GenerationRequest(
                        client + arrival, prompt, maxTokens, List.of(), Requests.GREEDY, 0, client, PromptOutput.NONE));
    }

    /** Answers with one token each; gives the ids in the order in which sequences were computed first. */
    private static List<String> served(SchedulingPolicy policy, Map<Long, Sequence> sequences) {
        List<String> order = new ArrayList<>();
        while (!policy.isIdle()) {
            for (ScheduledChunk chunk : policy.schedule().chunks()) {
                if (chunk.firstPosition() == 0) {
                    order.add(Objects.requireNonNull(sequences.get(chunk.arrival()))
                            .requestId());
                }
                policy.advance(chunk, chunk.sampled() ? List.of(9) : List.of());
            }
        }
        return order;
    }

    private static SchedulingPolicy policy(int maxRunning, int perClient) {
        return new SchedulingPolicy(new SchedulingLimits(16, maxRunning, 100, 64, 8, perClient));
    }

    @Test
    void aLateClientIsServedAfterOneTurnOfTheOthers() {
        SchedulingPolicy policy = policy(1, 100);
        Map<Long, Sequence> sequences = new HashMap<>();
        for (String client : List.of("a", "a", "a", "a", "b", "b", "c", "a")) {
            Sequence sequence = sequence(client, 3, 1);
            sequences.put(sequence.arrival(), sequence);
            assertThat(policy.offer(sequence)).isTrue();
        }
        assertThat(policy.numQueued()).isEqualTo(8);
        assertThat(served(policy, sequences)).containsExactly("a0", "b4", "c6", "a1", "b5", "a2", "a3", "a7");
    }

    /** Steps until each sequence has its first token. */
    private static Map<String, Integer> firstTokens(SchedulingPolicy policy, Map<Long, Sequence> sequences) {
        Map<String, Integer> steps = new HashMap<>();
        for (int step = 1; !policy.isIdle(); step++) {
            for (ScheduledChunk chunk : policy.schedule().chunks()) {
                if (chunk.sampled()) {
                    steps.put(
                            Objects.requireNonNull(sequences.get(chunk.arrival()))
                                    .requestId(),
                            step);
                }
                policy.advance(chunk, chunk.sampled() ? List.of(9) : List.of());
            }
        }
        return steps;
    }

    /** By what they ask for: a client's long prompt is read in the gaps that others leave, and in turns with theirs. */
    @Test
    void aLongPromptHoldsNobodyElseUp() {
        SchedulingPolicy policy = new SchedulingPolicy(new SchedulingLimits(16, 8, 100, 400, 60, 100));
        Map<Long, Sequence> sequences = new HashMap<>();
        sequences.put(0L, sequence("a", 320, 1)); // 20 steps alone
        sequences.put(1L, sequence("a", 4, 1));
        sequences.put(2L, sequence("b", 4, 1));
        sequences.put(3L, sequence("c", 48, 1));
        for (long i = 0; i < 4; i++) {
            assertThat(policy.offer(Objects.requireNonNull(sequences.get(i)))).isTrue();
        }
        Map<String, Integer> steps = firstTokens(policy, sequences);
        assertThat(steps.get("b2")).isEqualTo(2); // after the first budget of a's
        assertThat(steps.get("c3")).isBetween(4, 9); // three budgets of its own, in turns with a
        assertThat(steps.get("a0")).isBetween(23, 24); // all that there is to read, and nothing lost
        assertThat(steps.get("a1")).isBetween(23, 24);
    }

    /** However many short prompts come, the long one has its turns. */
    @Test
    void aLongPromptIsNotStarved() {
        SchedulingPolicy policy = new SchedulingPolicy(new SchedulingLimits(16, 8, 100, 400, 120, 100));
        Sequence patient = sequence("a", 160, 1);
        policy.offer(patient);
        boolean read = false;
        int steps = 0;
        while (!read && steps < 100) {
            policy.offer(sequence("other" + steps, 16, 1));
            for (ScheduledChunk chunk : policy.schedule().chunks()) {
                read |= chunk.arrival() == patient.arrival() && chunk.sampled();
                policy.advance(chunk, chunk.sampled() ? List.of(9) : List.of());
            }
            steps++;
        }
        assertThat(steps).isBetween(10, 22); // ten budgets, in turns with others
    }

    @Test
    void nobodyInParticularIsOneClientFirstComeFirstServed() {
        SchedulingPolicy policy = policy(2, 100);
        Map<Long, Sequence> sequences = new HashMap<>();
        for (int i = 0; i < 6; i++) {
            Sequence sequence = sequence("", 3, 1);
            sequences.put(sequence.arrival(), sequence);
            policy.offer(sequence);
        }
        assertThat(served(policy, sequences)).containsExactly("0", "1", "2", "3", "4", "5");
    }

    @Test
    void oneClientCannotFillTheQueue() {
        SchedulingPolicy policy = policy(1, 3);
        for (int i = 0; i < 3; i++) {
            assertThat(policy.offer(sequence("a", 3, 1))).isTrue();
        }
        assertThat(policy.hasFullQueue("a")).isTrue();
        assertThat(policy.offer(sequence("a", 3, 1))).isFalse();
        assertThat(policy.hasFullQueue("b")).isFalse();
        assertThat(policy.offer(sequence("b", 3, 1))).isTrue();
        policy.schedule(); // admits the first of a
        assertThat(policy.offer(sequence("a", 3, 1))).isTrue();
        assertThat(policy.offer(sequence("a", 3, 1))).isFalse();
    }

    private static Sequence first(WaitingQueue queue) {
        return Objects.requireNonNull(queue.firstBeside(Set.of()));
    }

    @Test
    void aCancelledSequenceFreesItsPlaceAndKeepsNoTurn() {
        WaitingQueue queue = new WaitingQueue(client -> 0);
        Sequence a = sequence("a", 1, 1);
        Sequence b = sequence("b", 1, 1);
        Sequence c = sequence("c", 1, 1);
        List.of(a, b, c).forEach(queue::add);
        queue.remove(b);
        queue.remove(b);
        assertThat(queue.size()).isEqualTo(2);
        assertThat(queue.size("b")).isZero();
        queue.addPreempted(b);
        assertThat(first(queue)).isSameAs(b);
        assertThat(queue.size("b")).isZero(); // it has been admitted: it takes nobody's place
        queue.remove(b);
        assertThat(first(queue)).isSameAs(a);
        queue.take(first(queue));
        queue.add(sequence("a", 1, 1));
        assertThat(first(queue)).isSameAs(c);
        queue.take(first(queue));
        assertThat(first(queue).client()).isEqualTo("a");
        queue.take(first(queue));
        assertThat(queue.size()).isZero();
    }

    /** However clients come and go: between two turns of one that waits, every other one has at most one. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void nobodyIsPassedTwiceByTheSameClient(long seed) {
        Random random = new Random(seed);
        WaitingQueue queue = new WaitingQueue(client -> 0);
        Map<String, Map<String, Integer>> turnsSince = new HashMap<>(); // of a waiting client, turns of the others
        for (int step = 0; step < 2_000; step++) {
            if (queue.size() == 0 || random.nextInt(100) < 52) {
                Sequence sequence = sequence("c" + random.nextInt(5) * random.nextInt(2), 1, 1);
                if (queue.size(sequence.client()) == 0) {
                    turnsSince.put(sequence.client(), new HashMap<>());
                }
                queue.add(sequence);
            } else {
                String client = first(queue).client();
                queue.take(first(queue));
                turnsSince.remove(client);
                turnsSince.forEach((waiting, others) -> {
                    int turns = others.merge(client, 1, Integer::sum);
                    assertThat(turns)
                            .as("seed %d: %s passed %s", seed, client, waiting)
                            .isEqualTo(1);
                });
                if (queue.size(client) > 0) {
                    turnsSince.put(client, new HashMap<>());
                }
            }
        }
    }
}
