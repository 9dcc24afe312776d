package dev.troupe.deploy.node;

import akka.actor.Address;
import akka.cluster.MemberStatus;
import akka.cluster.typed.Cluster;
import akka.cluster.typed.Join;
import akka.cluster.typed.JoinSeedNodes;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** How a node whose configuration names no cluster finds one. */
final class Joining {
    /** Longer than a cluster takes to remove a node that was lost, before which it lets nobody in. */
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private static final long POLL_NANOS = 20_000_000L;

    private Joining() {}

    /**
     * Makes a node a member of the cluster that one of {@code others} is in, and of its own when none of them answers.
     *
     * @param others addresses of nodes
     */
    static void oneOf(Cluster cluster, List<Address> others) {
        Address self = cluster.selfMember().address();
        List<Address> seeds =
                others.stream().filter(other -> !other.equals(self)).toList();
        if (seeds.isEmpty() || !joins(cluster, seeds)) {
            cluster.manager().tell(Join.create(self));
        }
    }

    /** Whether one of these nodes lets this one into its cluster in good time. */
    private static boolean joins(Cluster cluster, List<Address> seeds) {
        cluster.manager().tell(new JoinSeedNodes(seeds));
        long end = System.nanoTime() + TIMEOUT.toNanos();
        while (!cluster.selfMember().status().equals(MemberStatus.up())) {
            if (System.nanoTime() > end) {
                return false;
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
        return true;
    }
}
