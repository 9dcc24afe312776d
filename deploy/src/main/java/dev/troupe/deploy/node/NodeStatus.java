package dev.troupe.deploy.node;

import akka.cluster.ClusterEvent;
import akka.cluster.Member;
import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.troupe.actors.training.data.DataNode;
import dev.troupe.actors.training.eval.EvaluationNode;
import dev.troupe.actors.training.mesh.TrainerProtocol.Described;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a node says of itself and its cluster.
 *
 * @param address that other nodes name as a seed
 * @param status of its membership, such as "up"
 * @param members all that it knows, itself included, by address
 * @param trainer what its ranks do; null without the role
 * @param evaluation what it evaluates; null without the role
 * @param data what it gives tokens of; null without the role
 */
public record NodeStatus(
        String address,
        List<String> roles,
        String status,
        List<MemberStatus> members,
        @Nullable NodeTraining trainer,
        @Nullable NodeEvaluation evaluation,
        @Nullable NodeData data) {
    public NodeStatus {
        roles = List.copyOf(roles);
        members = List.copyOf(members);
    }

    /** A member of the cluster. */
    public record MemberStatus(String address, List<String> roles, String status, boolean reachable) {
        public MemberStatus {
            roles = List.copyOf(roles);
        }
    }

    /** Addresses of the members that it cannot reach. */
    @JsonIgnore
    public List<String> unreachable() {
        return members.stream()
                .filter(member -> !member.reachable())
                .map(MemberStatus::address)
                .toList();
    }

    static NodeStatus of(
            Member self,
            ClusterEvent.CurrentClusterState state,
            @Nullable Described trainer,
            EvaluationNode.@Nullable Described evaluation,
            DataNode.@Nullable Reported data) {
        Set<Member> unreachable = state.getUnreachable();
        List<MemberStatus> members = new ArrayList<>();
        state.getMembers()
                .forEach(member -> members.add(new MemberStatus(
                        member.address().toString(), roles(member), status(member), !unreachable.contains(member))));
        members.sort(Comparator.comparing(MemberStatus::address));
        return new NodeStatus(
                self.address().toString(),
                roles(self),
                status(self),
                members,
                trainer == null
                        ? null
                        : new NodeTraining(trainer.runId(), trainer.epoch(), trainer.step(), trainer.ranks()),
                evaluation == null ? null : new NodeEvaluation(evaluation.runId(), evaluation.model()),
                data == null ? null : new NodeData(data.folders(), data.tokens()));
    }

    /** Those of the configuration, without the ones that Akka gives to every member. */
    private static List<String> roles(Member member) {
        return member.getRoles().stream()
                .filter(role -> !role.startsWith("dc-"))
                .sorted()
                .toList();
    }

    private static String status(Member member) {
        return member.status().toString().toLowerCase(Locale.ROOT);
    }
}
