package dev.troupe.model.kernel.vector;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.kernel.vector.ScratchPool.Scratch;
import org.junit.jupiter.api.Test;

/** Working memory is lent again, and to whom it fits. */
class ScratchPoolTest {
    private static final long LITTLE = 1 << 10;
    private static final long MUCH = 1 << 20;

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
    void twoBorrowersNeverHaveTheSame() {
        try (Scratch one = pool.borrow(LITTLE);
                Scratch two = pool.borrow(LITTLE)) {
            assertThat(one.address()).isNotEqualTo(two.address());
        }
    }
}
