package dev.troupe.model.kernel.parallel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** {@link Stretches}: every piece is worked on once, each thread's from its first to its last. */
class StretchesTest {
    @Test
    @DisplayName("each of 0 to 70 pieces is one thread's, once, for one to five threads")
    void everyPieceOnce() {
        for (int threads = 1; threads <= 5; threads++) {
            try (FixedComputePool pool = FixedComputePool.create(threads)) {
                for (int pieces = 0; pieces <= 70; pieces++) {
                    int atOnce = 1 + pieces % 5;
                    AtomicIntegerArray runs = new AtomicIntegerArray(pieces);
                    Stretches.share(pool, pieces, atOnce, Stretches.WORTH_SHARING, (from, to) -> {
                        for (int i = from; i < to; i++) {
                            runs.incrementAndGet(i);
                        }
                    });
                    for (int i = 0; i < pieces; i++) {
                        assertEquals(1, runs.get(i), threads + " threads, piece " + i + " of " + pieces);
                    }
                }
            }
        }
    }

    @Test
    @DisplayName("claimed in turns, two threads go through one stretch each without a gap and end with small parts")
    void twoThreadsInTurns() {
        List<List<int[]>> claimed = claimedInTurns(18, 1);
        for (int thread = 0; thread < 2; thread++) {
            List<int[]> parts = claimed.get(thread);
            int at = thread * 9;
            for (int[] part : parts) {
                assertEquals(at, part[0], "a part goes on where the one before it ended");
                at = part[1];
            }
            assertEquals((thread + 1) * 9, at);
            int[] last = parts.getLast();
            assertTrue(last[1] - last[0] <= 1, "the last part is short, for threads to end together");
        }
    }

    @Test
    @DisplayName("parts have as many pieces as a task goes through at once, but for the last of a stretch")
    void partsAreWhole() {
        List<List<int[]>> claimed = claimedInTurns(14, 4);
        for (int thread = 0; thread < 2; thread++) {
            int start = thread * 7;
            assertEquals(2, claimed.get(thread).size());
            assertArrayEquals(new int[] {start, start + 4}, claimed.get(thread).get(0));
            assertArrayEquals(
                    new int[] {start + 4, start + 7}, claimed.get(thread).get(1));
        }
    }

    @Test
    @DisplayName("little work is one part, of the thread that asks")
    void littleIsNotShared() {
        List<int[]> parts = new ArrayList<>();
        Stretches.share(
                new InTurns(2, new ArrayList<>()),
                18,
                1,
                Stretches.WORTH_SHARING - 1,
                (from, to) -> parts.add(new int[] {from, to}));
        assertEquals(1, parts.size());
        assertArrayEquals(new int[] {0, 18}, parts.getFirst());
    }

    /** The parts of each of two threads that claim one after the other in turns. */
    private static List<List<int[]>> claimedInTurns(int pieces, int atOnce) {
        List<List<int[]>> claimed = List.of(new ArrayList<>(), new ArrayList<>());
        List<Integer> order = new ArrayList<>();
        Stretches.share(
                new InTurns(2, order),
                pieces,
                atOnce,
                Stretches.WORTH_SHARING,
                (from, to) -> claimed.get(order.size() % 2).add(new int[] {from, to}));
        return claimed;
    }

    /** A pool that runs indices one after the other and notes how many it has run before each. */
    private record InTurns(int threads, List<Integer> order) implements ComputePool {
        @Override
        public void run(int count, IndexedTask task) {
            for (int i = 0; i < count; i++) {
                task.run(i);
                order.add(i);
            }
        }

        @Override
        public void close() {
            // It has no threads.
        }
    }
}
