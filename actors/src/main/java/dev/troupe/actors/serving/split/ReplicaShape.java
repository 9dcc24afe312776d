package dev.troupe.actors.serving.split;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.troupe.actors.wire.WireMessage;
import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.transformer.ModelPart;
import java.util.ArrayList;
import java.util.List;

/**
 * Into how many parts a replica's model is split, and over how many nodes: {@code troupe.serving.replica}.
 *
 * <p>Members are numbered from 0, which leads: the first shard of the last stage, where results come together. Behind
 * it come the other shards of that stage, then those of the stage before, and so on to the one with the embedding.
 *
 * @param pipeline stages of layers
 * @param tensor shards of each stage
 * @param nodes that members are spread over, the leader's included; at most one for each member
 */
public record ReplicaShape(int pipeline, int tensor, int nodes) implements WireMessage {
    /** One member with the whole model. */
    public static final ReplicaShape WHOLE = new ReplicaShape(1, 1, 1);

    public ReplicaShape {
        require(pipeline >= 1, "pipeline", pipeline, "at least 1");
        require(tensor >= 1, "tensor", tensor, "at least 1");
        require(
                nodes >= 1 && nodes <= pipeline * tensor,
                "nodes",
                nodes,
                "at least 1, and at most pipeline x tensor = " + pipeline * tensor);
    }

    static void require(boolean valid, String key, Object value, String range) {
        if (!valid) {
            throw new TroupeException(SplitSettings.PREFIX + "." + key + " (" + value + ") must be " + range);
        }
    }

    /** Whether there is more than one member. */
    @JsonIgnore
    public boolean isSplit() {
        return numMembers() > 1;
    }

    /** Members of a replica. */
    public int numMembers() {
        return pipeline * tensor;
    }

    int stageOf(int member) {
        return pipeline - 1 - member / tensor;
    }

    int shardOf(int member) {
        return member % tensor;
    }

    /** Members of a stage, in order of their shards. */
    List<Integer> stage(int stage) {
        List<Integer> members = new ArrayList<>();
        for (int shard = 0; shard < tensor; shard++) {
            members.add((pipeline - 1 - stage) * tensor + shard);
        }
        return members;
    }

    /** Members with one shard, in order of their stages. */
    List<Integer> stagesOf(int shard) {
        List<Integer> members = new ArrayList<>();
        for (int stage = 0; stage < pipeline; stage++) {
            members.add((pipeline - 1 - stage) * tensor + shard);
        }
        return members;
    }

    /** The node of a member: neighbours are together. */
    int nodeOf(int member) {
        return member * nodes / numMembers();
    }

    /** Members of a node. */
    List<Integer> membersOf(int node) {
        List<Integer> members = new ArrayList<>();
        for (int member = 0; member < numMembers(); member++) {
            if (nodeOf(member) == node) {
                members.add(member);
            }
        }
        return members;
    }

    /**
     * What a member computes.
     *
     * @throws TroupeException when the model cannot be split like this
     */
    ModelPart part(ModelConfig config, int member) {
        return ModelPart.of(config, stageOf(member), pipeline, shardOf(member), tensor);
    }

    /** What several members compute. */
    List<ModelPart> parts(ModelConfig config, List<Integer> members) {
        return members.stream().map(member -> part(config, member)).toList();
    }
}
