package dev.troupe.actors.serving.replica;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.process.ChildJvm;
import java.io.IOException;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Collections of what is new, in JVMs of their own. */
class NewGarbageTest {
    private static final int MIB = 1 << 20;
    private static final int PIECE = 64 << 10;

    /** Fills the room for what is new, 4 MiB at a time, and says after each whether it was collected, and by whom. */
    static final class Filling {
        private static final int TIMES = 6;

        private Filling() {}

        private static long collections() {
            return ManagementFactory.getGarbageCollectorMXBeans().stream()
                    .mapToLong(GarbageCollectorMXBean::getCollectionCount)
                    .sum();
        }

        public static void main(String[] arguments) {
            Optional<NewGarbage> garbage = NewGarbage.ofJvm();
            System.gc();
            byte[][] kept = new byte[1][];
            for (int time = 0; time < TIMES; time++) {
                long before = collections();
                for (int made = 0; made < 4 * MIB; made += PIECE) {
                    kept[0] = new byte[PIECE];
                }
                long made = collections();
                garbage.ifPresent(NewGarbage::collectIfMuch);
                System.out.println(made > before ? "by itself" : collections() > made ? "in time" : "no");
            }
        }
    }

    /** With 16 MiB for what is new, of which 12.8 are filled until a collection. */
    private static List<String> said(String collector) throws IOException, InterruptedException {
        return ChildJvm.lines(
                Filling.class,
                List.of(collector, "-Xmx256m", "-XX:NewSize=16m", "-XX:MaxNewSize=16m", "-XX:TieredStopAtLevel=1"));
    }

    @Test
    void isCollectedInTimeAndOnlyWhenThereIsMuch() throws Exception {
        assertThat(said("-XX:+UseSerialGC")).containsExactly("no", "no", "in time", "no", "no", "in time");
    }

    @Test
    void anotherCollectorIsLeftAlone() throws Exception {
        assertThat(said("-XX:+UseParallelGC")).doesNotContain("in time");
    }
}
