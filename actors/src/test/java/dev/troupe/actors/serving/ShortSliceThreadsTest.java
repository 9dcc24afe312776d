package dev.troupe.actors.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.typed.DispatcherSelector;
import dev.troupe.model.kernel.parallel.SideThreads;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShortSliceThreadsTest {
    private static final ActorTestKit KIT = ActorTestKit.create();
    private static final int TURNS = 50;
    /** Of what {@code proc(5)} says of a thread behind its name. */
    private static final int PROCESSOR_FIELD = 36;

    @AfterAll
    static void stop() {
        SideThreads.rest();
        KIT.shutdownTestKit();
    }

    /** Most tasks: the system may move the thread as well. */
    @ParameterizedTest
    @ValueSource(strings = {"troupe.dispatchers.answers", "troupe.dispatchers.sockets"})
    @EnabledOnOs(value = OS.LINUX, disabledReason = "other systems do not say where threads are to be")
    void aTaskThatFindsItselfOnALeadersProcessorIsDoneOnAnother(String dispatcher) {
        assumeTrue(
                Runtime.getRuntime().availableProcessors() > 1,
                "this process has one processor only: there is no other one to go to");
        Executor answers = KIT.system().dispatchers().lookup(DispatcherSelector.fromConfig(dispatcher));
        int moved = 0;
        for (int turn = 0; turn < TURNS; turn++) {
            int leaders = CompletableFuture.supplyAsync(
                            () -> {
                                SideThreads.lead();
                                return processor();
                            },
                            answers)
                    .join();
            moved += CompletableFuture.supplyAsync(ShortSliceThreadsTest::processor, answers)
                                    .join()
                            == leaders
                    ? 0
                    : 1;
        }
        assertThat(moved).as("of %d tasks", TURNS).isGreaterThan(TURNS / 2);
    }

    private static int processor() {
        try {
            String stat = Files.readString(Path.of("/proc/thread-self/stat"));
            return Integer.parseInt(stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[PROCESSOR_FIELD]);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
