package dev.troupe.model.kernel.parallel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;

class IdleTest {
    @Test
    void whatWasGivenIsTakenOnce() {
        Idle<String> idle = new Idle<>();
        assertThat(idle.take()).isNull();
        idle.give("a");
        idle.give("b");
        assertThat(new String[] {idle.take(), idle.take()}).containsExactlyInAnyOrder("a", "b");
        assertThat(idle.take()).isNull();
    }

    @Test
    void moreThanThereIsRoomForAreLeft() {
        Idle<Integer> idle = new Idle<>();
        for (int i = 0; i < 1000; i++) {
            idle.give(i);
        }
        int found = 0;
        while (idle.take() != null) {
            found++;
        }
        assertThat(found).isBetween(1, 999);
    }

    @Test
    void noTwoThreadsHaveTheSame() {
        Idle<Integer> idle = new Idle<>();
        AtomicInteger made = new AtomicInteger();
        AtomicIntegerArray owners = new AtomicIntegerArray(1 << 16);
        try (FixedComputePool pool = FixedComputePool.create(4)) {
            pool.run(20_000, _ -> {
                Integer found = idle.take();
                int mine = found == null ? made.getAndIncrement() : found;
                assertThat(owners.incrementAndGet(mine)).as("owners of %d", mine).isEqualTo(1);
                owners.decrementAndGet(mine);
                idle.give(mine);
            });
        }
        assertThat(made.get()).isBetween(1, 4);
    }
}
