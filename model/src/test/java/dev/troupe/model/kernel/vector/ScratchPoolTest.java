package dev.troupe.model.kernel.vector;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.kernel.vector.ScratchPool.Scratch;
import dev.troupe.model.tensor.HugePages;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Working memory is lent again, and to whom it fits. */
class ScratchPoolTest {
    private static final long LITTLE = 1 << 10;
    private static final long MUCH = 1 << 20;
    private static final int PART = 200_000; // a tenth of a huge page

    private final ScratchPool pool = new ScratchPool();

    @Test
    void whoWantsLittleLeavesTheLargeOnes() {
        long much;
        long little;
        try (Scratch large = pool.borrow(MUCH);
                Scratch small = pool.borrow(LITTLE)) {
            much = large.address();
            little = small.address();
        }
        for (int i = 0; i < 3; i++) { // in whatever order they come back
            try (Scratch small = pool.borrow(LITTLE);
                    Scratch large = pool.borrow(MUCH)) {
                assertThat(small.address()).isEqualTo(little);
                assertThat(large.address()).isEqualTo(much);
            }
        }
    }

    @Test
    void theLargestGrowsWhereNoneIsLargeEnough() {
        long little;
        try (Scratch large = pool.borrow(MUCH);
                Scratch small = pool.borrow(LITTLE)) {
            assertThat(large.address()).isNotEqualTo(small.address());
            little = small.address();
        }
        try (Scratch larger = pool.borrow(3 * MUCH);
                Scratch small = pool.borrow(LITTLE)) {
            assertThat(larger.address() % 64).isZero();
            assertThat(small.address()).isEqualTo(little);
        }
    }

    @Test
    void whoWantsMuchSharesHugePages() {
        List<Scratch> borrowed = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            borrowed.add(pool.borrow(PART));
        }
        borrowed.add(pool.borrow(3 * MUCH)); // more than is left
        borrowed.add(pool.borrow(PART));
        long[] starts = borrowed.stream().mapToLong(Scratch::address).sorted().toArray();
        assertThat(Arrays.stream(starts)).allMatch(start -> start % 64 == 0);
        assertThat(Arrays.stream(starts).map(start -> start / HugePages.BYTES).distinct())
                .as("pages that pieces begin in")
                .hasSizeLessThanOrEqualTo(3);
        borrowed.forEach(scratch -> fill(scratch, borrowed.indexOf(scratch)));
        assertThat(borrowed).allMatch(scratch -> holds(scratch, borrowed.indexOf(scratch)));
        borrowed.forEach(Scratch::close);
    }

    private static MemorySegment part(Scratch scratch) {
        return MemorySegment.ofAddress(scratch.address()).reinterpret(PART);
    }

    private static void fill(Scratch scratch, int with) {
        part(scratch).fill((byte) with);
    }

    private static boolean holds(Scratch scratch, int with) {
        return part(scratch).mismatch(MemorySegment.ofArray(filled(with))) < 0;
    }

    private static byte[] filled(int with) {
        byte[] bytes = new byte[PART];
        Arrays.fill(bytes, (byte) with);
        return bytes;
    }

    @Test
    void twoBorrowersNeverHaveTheSame() {
        try (Scratch one = pool.borrow(LITTLE);
                Scratch two = pool.borrow(LITTLE)) {
            assertThat(one.address()).isNotEqualTo(two.address());
        }
    }
}
