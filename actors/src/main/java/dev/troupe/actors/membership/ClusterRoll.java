package dev.troupe.actors.membership;

import akka.actor.Address;
import akka.cluster.ClusterEvent.CurrentClusterState;
import akka.cluster.Member;
import akka.cluster.MemberStatus;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.StreamSupport;

/**
 * A cluster as a node knew it when it was whole: all members up, and within reach.
 *
 * @param members addresses of all
 * @param deciding those of them that decide who goes on (all, or those with the split-brain resolver's role), in the
 *     resolver's order
 */
public record ClusterRoll(List<Address> members, List<Address> deciding) {
    private static final Comparator<Address> ORDER = Member.addressOrdering();

    public ClusterRoll {
        members = members.stream().sorted(ORDER).toList();
        deciding = deciding.stream().sorted(ORDER).toList();
    }

    /**
     * The cluster as it is.
     *
     * @param role of members that decide; empty for all
     * @return none when it is not whole
     */
    static Optional<ClusterRoll> of(CurrentClusterState state, String role) {
        List<Member> members =
                StreamSupport.stream(state.getMembers().spliterator(), false).toList();
        boolean whole = state.getUnreachable().isEmpty()
                && members.stream().allMatch(member -> member.status().equals(MemberStatus.up()));
        return whole && !members.isEmpty()
                ? Optional.of(new ClusterRoll(
                        members.stream().map(Member::address).toList(),
                        members.stream()
                                .filter(member -> role.isEmpty() || member.hasRole(role))
                                .map(Member::address)
                                .toList()))
                : Optional.empty();
    }

    /**
     * Whether these nodes may be the cluster again without the others, which cannot be one then: more than half of
     * those that decide, or half with the first of them, as the split-brain resolver's keep-majority has it.
     */
    static boolean isMajority(List<Address> deciding, Collection<Address> nodes) {
        long present = deciding.stream().filter(nodes::contains).count();
        return 2 * present > deciding.size()
                || (2 * present == deciding.size() && present > 0 && nodes.contains(deciding.getFirst()));
    }
}
