package dev.troupe.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class KvBlockPoolTest {
    @Test
    void handsOutEachBlockOnce() {
        KvBlockPool pool = new KvBlockPool(5);
        assertThat(pool.tryAllocate(3)).containsExactly(0, 1, 2);
        assertThat(pool.tryAllocate(3)).isNull();
        assertThat(pool.available()).isEqualTo(2);
        assertThat(pool.tryAllocate(2)).containsExactly(3, 4);
        assertThat(pool.tryAllocate(0)).isEmpty();
        pool.free(new int[] {1, 4});
        assertThat(pool.tryAllocate(2)).containsExactlyInAnyOrder(1, 4);
    }

    @Test
    void refusesToFreeTwice() {
        KvBlockPool pool = new KvBlockPool(2);
        assertThat(pool.tryAllocate(2)).hasSize(2);
        pool.free(new int[] {0});
        assertThatThrownBy(() -> pool.free(new int[] {0})).hasMessageContaining("block 0");
    }
}
