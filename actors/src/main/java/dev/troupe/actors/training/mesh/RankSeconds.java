package dev.troupe.actors.training.mesh;

import dev.troupe.actors.wire.WireMessage;
import java.util.Collection;

/**
 * Seconds of a step, means over ranks.
 *
 * @param ranks how many
 * @param step the whole step without the copies after it
 * @param waiting for peers in it
 * @param bubble the part of that which was spent waiting for the stages before and after
 * @param update norm and optimizer
 * @param copying the state after the step, until other nodes have it
 */
public record RankSeconds(int ranks, double step, double waiting, double bubble, double update, double copying)
        implements WireMessage {

    /** The means over all ranks of several groups of them; at least one group. */
    static RankSeconds mean(Collection<RankSeconds> groups) {
        int ranks = 0;
        double step = 0;
        double waiting = 0;
        double bubble = 0;
        double update = 0;
        double copying = 0;
        for (RankSeconds group : groups) {
            ranks += group.ranks;
            step += group.ranks * group.step;
            waiting += group.ranks * group.waiting;
            bubble += group.ranks * group.bubble;
            update += group.ranks * group.update;
            copying += group.ranks * group.copying;
        }
        return new RankSeconds(ranks, step / ranks, waiting / ranks, bubble / ranks, update / ranks, copying / ranks);
    }
}
