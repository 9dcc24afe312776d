package dev.troupe.actors.serving.split;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.actors.serving.engine.BatchRows;
import dev.troupe.actors.serving.kv.BlockCopy;
import dev.troupe.actors.transport.LocalGroup;
import dev.troupe.model.parallel.Communicator;
import dev.troupe.model.parallel.PeerThread;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class StepPlansTest {
    private static final long SEED = 12;

    /** Some rows to a sequence, each sequence with a table of its own. */
    private static BatchRows rows(int count, int tableLength, Random random) {
        List<BlockCopy> copies = IntStream.range(0, random.nextInt(4))
                .mapToObj(i -> new BlockCopy(random.nextInt(1000), random.nextInt(1000)))
                .toList();
        BatchRows rows = new BatchRows(count, copies);
        int[] table = {};
        for (int row = 0; row < count; row++) {
            if (row == 0 || random.nextInt(3) == 0) {
                table = random.ints(1 + random.nextInt(tableLength), 0, 1000).toArray();
            }
            rows.tokens()[row] = random.nextInt();
            rows.positions()[row] = random.nextInt(10_000);
            rows.blockTables()[row] = table;
            rows.wantLogits()[row] = random.nextBoolean();
            rows.ofPrompt()[row] = random.nextBoolean();
            rows.wantHidden()[row] = random.nextBoolean();
        }
        return rows;
    }

    private static void assertSame(BatchRows actual, BatchRows expected) {
        assertThat(actual.count()).isEqualTo(expected.count());
        assertThat(actual.copies()).isEqualTo(expected.copies());
        assertThat(actual.tokens()).isEqualTo(expected.tokens());
        assertThat(actual.positions()).isEqualTo(expected.positions());
        assertThat(actual.blockTables()).isDeepEqualTo(expected.blockTables());
        assertThat(actual.wantLogits()).isEqualTo(expected.wantLogits());
        assertThat(actual.ofPrompt()).isEqualTo(expected.ofPrompt());
        assertThat(actual.wantHidden()).isEqualTo(expected.wantHidden());
    }

    @Test
    void aPlanComesAsItWent() {
        Random random = new Random(SEED);
        for (int count = 1; count < 100; count += 7) {
            BatchRows rows = rows(count, 300, random);
            assertSame(StepPlans.decode(StepPlans.encode(rows)), rows);
        }
    }

    /** Short ones, ones that fill the first message to its end, and long ones. */
    @Test
    void allMembersGetEveryPlanInOrder() {
        int members = 3;
        List<Communicator> group = LocalGroup.create(members, Duration.ofSeconds(30));
        Random random = new Random(SEED);
        List<BatchRows> sent = List.of(
                rows(1, 5, random), rows(256, 400, random), rows(2, 3, random), rows(60, 900, random), exactly());
        List<PeerThread> threads = List.of(new PeerThread("m1"), new PeerThread("m2"));
        List<CompletableFuture<Void>> received = threads.stream()
                .map(thread -> thread.<Void>run(() -> {
                    try (StepPlans plans = new StepPlans(group.get(threads.indexOf(thread) + 1))) {
                        for (BatchRows expected : sent) {
                            assertSame(plans.receive().orElseThrow(), expected);
                        }
                        assertThat(plans.receive()).isEqualTo(Optional.empty());
                    }
                    return null;
                }))
                .toList();
        try (StepPlans plans = new StepPlans(group.getFirst())) {
            sent.forEach(plans::send);
            plans.sendEnd();
        }
        received.forEach(CompletableFuture::join);
        group.forEach(Communicator::close);
        threads.forEach(PeerThread::close);
    }

    private static BatchRows exactly() {
        BatchRows rows = new BatchRows(1, List.of(new BlockCopy(3, 4)));
        rows.blockTables()[0] = new int[StepPlans.FIRST - 12];
        assertThat(StepPlans.encode(rows)).hasSize(StepPlans.FIRST);
        return rows;
    }
}
