package dev.troupe.actors.training.mesh;

import dev.troupe.actors.training.TrainingConfig;
import dev.troupe.actors.training.data.CorpusOpener;
import dev.troupe.actors.training.data.RunCorpus;
import dev.troupe.actors.transport.DataPlane;
import dev.troupe.actors.transport.Endpoint;
import dev.troupe.model.data.CorpusTokens;
import dev.troupe.model.mesh.Mesh;
import dev.troupe.model.mesh.MeshSettings;
import dev.troupe.model.mesh.ZeroStage;
import dev.troupe.model.parallel.Communicator;
import java.time.Duration;
import java.util.List;

/**
 * One seating of a run, as a node sees it: what its ranks and its keepers are built from.
 *
 * @param number of the epoch
 * @param corpora opens the tokens of the run
 */
record Epoch(
        long number,
        MeshJob job,
        TrainingConfig config,
        MeshSettings settings,
        Seating seating,
        DataPlane plane,
        CorpusOpener corpora) {
    private static final Duration PATIENCE = Duration.ofDays(365);

    /** Joins a group of this epoch as the member on this node; {@code index} is this one's in {@code members}. */
    Communicator join(String group, int index, List<Endpoint> members) {
        return plane.join(name(group), index, members, timeout());
    }

    /** How long a rank waits for a peer. A peer that has died is noticed at once; this is for one that stands still. */
    Duration timeout() {
        return Duration.ofSeconds(config.mesh().peerTimeoutSeconds());
    }

    /** The same for whom it is no fault when nothing comes for long. */
    Communicator joinPatiently(String group, int index, List<Endpoint> members) {
        return plane.join(name(group), index, members, PATIENCE);
    }

    private String name(String group) {
        return job.runId() + "/" + number + "/" + group;
    }

    /** Opens tokens of the run; waits for data nodes where they are theirs, until the thread is interrupted. */
    CorpusTokens open(RunCorpus corpus) {
        return corpus.open(corpora, config, () -> false);
    }

    Endpoint here() {
        return plane.endpoint();
    }

    /** Ranks of the data axis are split, so that each has a state of its own. */
    ZeroStage zero() {
        return settings.mesh().data() == 1 ? ZeroStage.NONE : settings.zero();
    }

    /** The first rank with the same state. */
    int shardOf(int rank) {
        return RecoveryPlan.shardOf(rank, settings.mesh(), zero());
    }

    /**
     * Whether another node must keep a copy of this rank's state: where there is another, and none of them has a
     * replica.
     */
    boolean isKept(int rank) {
        Endpoint node = seating.of(rank);
        if (seating.keeperOf(rank).equals(node)) {
            return false;
        }
        Mesh mesh = settings.mesh();
        for (int other = 0; other < mesh.ranks(); other++) {
            if (shardOf(other) == shardOf(rank) && !seating.of(other).equals(node)) {
                return false;
            }
        }
        return true;
    }

    /** Two members: a rank (0) and the keeper of its state (1). */
    List<Endpoint> keepingGroup(int rank) {
        return List.of(seating.of(rank), seating.keeperOf(rank));
    }

    /** Whether the state after so many steps is copied. */
    boolean isCopied(long step) {
        return step % config.mesh().copyEverySteps() == 0;
    }
}
