package dev.troupe.model.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.BitSet;
import java.util.HashSet;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PermutationTest {
    @Test
    void isABijectionOfEverySmallSize() {
        for (int size = 1; size <= 300; size++) {
            requireBijection(size, size * 31L);
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void isABijectionOfRandomSizes(long seed) {
        var random = new Random(seed);
        for (int i = 0; i < 20; i++) {
            requireBijection(1 + random.nextInt(20_000), random.nextLong());
        }
    }

    private static void requireBijection(int size, long seed) {
        var permutation = new Permutation(size, seed);
        var seen = new BitSet(size);
        for (int i = 0; i < size; i++) {
            long image = permutation.apply(i);
            assertThat(image).as("size %d seed %d", size, seed).isBetween(0L, size - 1L);
            assertThat(seen.get((int) image))
                    .as("size %d seed %d: %d twice", size, seed, image)
                    .isFalse();
            seen.set((int) image);
        }
    }

    @Test
    void worksFarBeyondMemory() {
        long size = (1L << 50) + 12_345;
        var permutation = new Permutation(size, 7);
        var seen = new HashSet<Long>();
        for (long i = 0; i < 10_000; i++) {
            assertThat(seen.add(permutation.apply(size - 1 - i))).isTrue();
        }
        assertThat(seen).allMatch(image -> image >= 0 && image < size);
    }

    /** Were neighbours kept together, a batch would hold one topic: about one in a thousand may stay by chance. */
    @Test
    void tearsNeighboursApartAndDependsOnTheSeed() {
        int size = 100_000;
        var first = new Permutation(size, 1);
        var second = new Permutation(size, 2);
        int close = 0;
        int same = 0;
        for (int i = 1; i < size; i++) {
            close += Math.abs(first.apply(i) - first.apply(i - 1)) < 50 ? 1 : 0;
            same += first.apply(i) == second.apply(i) ? 1 : 0;
        }
        assertThat(close).isLessThan(200);
        assertThat(same).isLessThan(10);
    }

    /** Every element lands in every tenth about equally often over many seeds, for a size far from a power of four. */
    @Test
    void spreadsAnElementEvenlyOverSeeds() {
        int[] tenths = new int[10];
        for (int seed = 0; seed < 10_000; seed++) {
            tenths[(int) (new Permutation(1_100, seed).apply(17) / 110)]++;
        }
        assertThat(tenths).satisfies(counts -> {
            for (int count : counts) {
                assertThat(count).isBetween(880, 1_120);
            }
        });
    }

    @Test
    void refusesWhatIsOutside() {
        var permutation = new Permutation(5, 1);
        assertThatThrownBy(() -> permutation.apply(5)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> permutation.apply(-1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> new Permutation(0, 1)).isInstanceOf(IllegalArgumentException.class);
    }
}
