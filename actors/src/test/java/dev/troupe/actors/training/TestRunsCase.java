package dev.troupe.actors.training;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Tests of whole tiny runs, each in a folder and an actor system of its own. */
abstract class TestRunsCase {
    @TempDir
    Path root;

    TestRuns runs;

    @BeforeEach
    void open() {
        runs = TestRuns.in(root);
    }

    @AfterEach
    void close() {
        runs.close();
    }
}
