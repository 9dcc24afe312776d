package dev.troupe.model.kernel.parallel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(value = OS.LINUX, disabledReason = "other systems do not say where threads are to be")
class SideThreadsTest {
    private static final int TURNS = 50;

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
    void whoIsOnTheLeadersProcessorGoesToAnotherAndMayGoAnywhereThen() {
        String allowed = ThreadPlace.allowedProcessors();
        int moved = 0;
        for (int turn = 0; turn < TURNS; turn++) {
            int before = ThreadPlace.processor();
            SideThreads.lead();
            SideThreads.stepAside();
            moved += ThreadPlace.processor() == before ? 0 : 1;
            assertThat(ThreadPlace.allowedProcessors()).isEqualTo(allowed);
        }
        assertThat(moved).as("of %d turns", TURNS).isGreaterThan(TURNS / 2);
    }

    @Test
    void nobodyMovesWhereNobodyLeads() {
        int moved = 0;
        for (int turn = 0; turn < TURNS; turn++) {
            int before = ThreadPlace.processor();
            SideThreads.lead();
            SideThreads.rest();
            SideThreads.stepAside();
            moved += ThreadPlace.processor() == before ? 0 : 1;
        }
        assertThat(moved).as("of %d turns", TURNS).isLessThan(TURNS / 2);
    }
}
