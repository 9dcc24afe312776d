package dev.troupe.deploy.node;

import dev.troupe.actors.membership.ClusterRoll;
import dev.troupe.actors.training.mesh.KnownRun;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What of a node outlives its actors: it is for the node that begins again in its place. */
final class NodeMemory {
    private final KnownRun run = new KnownRun();
    private volatile @Nullable ClusterRoll roll;

    /** The run that it has a part in, as its trainer knows it. */
    KnownRun run() {
        return run;
    }

    /** The cluster when it was last whole; empty before. */
    Optional<ClusterRoll> roll() {
        return Optional.ofNullable(roll);
    }

    void roll(ClusterRoll now) {
        roll = now;
    }
}
