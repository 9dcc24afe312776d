package dev.troupe.actors.serving.split;

import dev.troupe.model.parallel.Communicator;
import dev.troupe.model.parallel.OpenGroups;
import dev.troupe.model.parallel.PartLinks;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The groups that a member is in.
 *
 * @param watch of all members; nobody ever sends in it, so waiting there ends when a member is lost
 * @param plans of all members: the leader says what a step computes
 * @param links for activations
 */
record MemberGroups(Communicator watch, Communicator plans, PartLinks links) {
    /** It is no fault when there is nothing to do for long. */
    private static final Duration PATIENCE = Duration.ofDays(365);

    /**
     * Joins them all, in the same order as the other members.
     *
     * @param patience how long a member may keep another waiting: while they join, and within a step
     * @param groups that the member leaves them with
     */
    static MemberGroups open(ReplicaShape shape, int member, GroupOpener opener, Duration patience, OpenGroups groups) {
        int stage = shape.stageOf(member);
        int shard = shape.shardOf(member);
        List<Integer> all = IntStream.range(0, shape.numMembers()).boxed().toList();
        // First one that does not wait for ever: a member that never comes is noticed here.
        groups.enter(() -> opener.open("start", member, all, patience)).gather();
        Communicator watch = groups.enter(() -> opener.open("watch", member, all, PATIENCE));
        Communicator plans = groups.enter(() -> opener.open("plans", member, all, PATIENCE));
        Communicator stages =
                groups.enter(() -> opener.open("stages-" + shard, member, shape.stagesOf(shard), patience));
        Communicator shards = groups.enter(() -> opener.open("shards-" + stage, member, shape.stage(stage), patience));
        return new MemberGroups(watch, plans, new PartLinks(stages, shards));
    }
}
