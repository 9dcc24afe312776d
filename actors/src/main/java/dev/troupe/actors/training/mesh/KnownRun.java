package dev.troupe.actors.training.mesh;

import dev.troupe.actors.training.mesh.TrainerProtocol.LedRun;
import org.jspecify.annotations.Nullable;

/**
 * The cluster's run, as far as a trainer node knows. It outlives the node's actors: a node that its cluster has removed
 * and that begins again in the same process can still say which run there is. Written by one actor at a time.
 */
public final class KnownRun {
    private volatile @Nullable LedRun led;

    /** Null for none. */
    @Nullable LedRun get() {
        return led;
    }

    void set(@Nullable LedRun run) {
        led = run;
    }
}
