package dev.troupe.model.kernel.parallel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(value = OS.LINUX, disabledReason = "other systems do not say where threads are to be")
class SideThreadsTest {
    private static final int TURNS = 50;
    /** Of what {@code proc(5)} says of a thread behind its name. */
    private static final int PROCESSOR_FIELD = 36;

    @BeforeEach
    void hasTwoProcessors() {
        assumeTrue(
                Runtime.getRuntime().availableProcessors() > 1,
                "this process has one processor only: there is no other one to go to");
    }

    @AfterEach
    void nobodyLeads() {
        SideThreads.rest();
    }

    /** Most turns: the system may move the thread as well. */
    @Test
    void whoIsOnTheLeadersProcessorGoesToAnotherAndMayGoAnywhereThen() throws IOException {
        String allowed = allowedProcessors();
        int moved = 0;
        for (int turn = 0; turn < TURNS; turn++) {
            int before = processor();
            SideThreads.lead();
            SideThreads.stepAside();
            moved += processor() == before ? 0 : 1;
            assertThat(allowedProcessors()).isEqualTo(allowed);
        }
        assertThat(moved).as("of %d turns", TURNS).isGreaterThan(TURNS / 2);
    }

    @Test
    void nobodyMovesWhereNobodyLeads() throws IOException {
        int moved = 0;
        for (int turn = 0; turn < TURNS; turn++) {
            int before = processor();
            SideThreads.lead();
            SideThreads.rest();
            SideThreads.stepAside();
            moved += processor() == before ? 0 : 1;
        }
        assertThat(moved).as("of %d turns", TURNS).isLessThan(TURNS / 2);
    }

    private static int processor() throws IOException {
        String stat = Files.readString(Path.of("/proc/thread-self/stat"));
        return Integer.parseInt(stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[PROCESSOR_FIELD]);
    }

    private static String allowedProcessors() throws IOException {
        return Files.readAllLines(Path.of("/proc/thread-self/status")).stream()
                .filter(line -> line.startsWith("Cpus_allowed_list:"))
                .findFirst()
                .orElseThrow();
    }
}
