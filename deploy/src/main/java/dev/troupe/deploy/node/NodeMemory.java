package dev.troupe.deploy.node;

import akka.actor.Address;
import com.typesafe.config.Config;
import dev.troupe.actors.membership.ClusterRoll;
import dev.troupe.actors.membership.Membership;
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

    /**
     * Whether the node knows where to go when its cluster has removed it: to those that were in it, or, when it was
     * removed before it had seen the cluster whole, to one that its configuration names and that it does not begin.
     */
    boolean canReturn(Config config, Address self) {
        return roll != null || Membership.waits(config, self);
    }

    void roll(ClusterRoll now) {
        roll = now;
    }
}
