package dev.troupe.actors.training.cluster;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Tests of runs that are led on trainer nodes, each in a folder and an actor system of its own. */
abstract class ClusterRunsCase {
    @TempDir
    Path root;

    ClusterRuns runs;

    @BeforeEach
    void open() {
        runs = new ClusterRuns(root);
    }

    @AfterEach
    void close() {
        runs.close();
    }
}
