package dev.troupe.deploy.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Garbage among what is old, in JVMs of their own with the collector that a node has on a small machine. */
class OldGarbageTest {
    private static final long MIB = 1L << 20;
    private static final long FIRST_LIMIT = 40 * MIB;
    private static final int PIECE = 64 << 10;
    private static final int KEPT_PIECES = 200; // some 13 MB that live long enough to become old
    private static final long PROMOTED = 400 * MIB;

    /** Makes garbage of what is old, and says the most bytes that it took. */
    static final class Promoting {
        private Promoting() {}

        public static void main(String[] arguments) throws InterruptedException {
            if (arguments[0].equals("watched")) {
                OldGarbage.collectInTime(Duration.ofMillis(1), FIRST_LIMIT);
            }
            MemoryPoolMXBean old = ManagementFactory.getMemoryPoolMXBeans().stream()
                    .filter(pool -> pool.getName().equals("Tenured Gen"))
                    .findFirst()
                    .orElseThrow();
            Deque<byte[]> kept = new ArrayDeque<>();
            for (long made = 0; made < PROMOTED; made += PIECE) {
                kept.add(new byte[PIECE]);
                if (kept.size() > KEPT_PIECES) {
                    kept.remove();
                }
                if (made % MIB == 0) {
                    Thread.sleep(1); // as long as it takes to hear of a limit
                }
            }
            System.out.println(old.getPeakUsage().getUsed());
        }
    }

    private static long mostOldBytes(String how) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-Xmx1g",
                        "-XX:NewSize=8m",
                        "-XX:MaxNewSize=8m",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Promoting.class.getName(),
                        how)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).isZero();
        return Long.parseLong(said.strip());
    }

    @Test
    void whatIsOldIsCollectedBeforeItTakesMoreMemory() throws Exception {
        assertThat(mostOldBytes("alone")).isGreaterThan(200 * MIB); // what the collector does by itself
        assertThat(mostOldBytes("watched")).isLessThan(100 * MIB);
    }

    @Test
    void aCollectionIsWorthItsTime() {
        assertThat(List.of(OldGarbage.limit(0), OldGarbage.limit(20 * MIB), OldGarbage.limit(200 * MIB)))
                .containsExactly(16 * MIB, 36 * MIB, 300 * MIB);
    }
}
