package dev.troupe.actors.training.mesh;

import dev.troupe.actors.wire.WireMessage;
import java.util.List;

/**
 * What a node has for its part of a run.
 *
 * @param ranks of the mesh
 * @param threads that compute, of all its ranks
 * @param peakGflops float32 multiply-add peak of those threads, measured; 0 when it was not
 * @param memory of tensors
 */
public record NodeResources(String node, List<Integer> ranks, int threads, double peakGflops, Memory memory)
        implements WireMessage {
    public NodeResources {
        ranks = List.copyOf(ranks);
    }

    /** Peak of all of them together; {@code otherwise} where there is none, or one was not measured. */
    public static double peakGflops(List<NodeResources> nodes, double otherwise) {
        return nodes.isEmpty() || nodes.stream().anyMatch(node -> node.peakGflops() == 0)
                ? otherwise
                : nodes.stream().mapToDouble(NodeResources::peakGflops).sum();
    }

    /**
     * Bytes of tensors by what they are for.
     *
     * @param weights that are kept
     * @param gradients that are kept over micro-batches
     * @param optimizer its moments
     * @param windows parts that are in use where weights or gradients are split
     * @param activations and what is exchanged with other ranks
     * @param copies of states, of this node's ranks and of others', and of weights that are evaluated
     */
    public record Memory(long weights, long gradients, long optimizer, long windows, long activations, long copies)
            implements WireMessage {
        /** Both. */
        public Memory plus(Memory other) {
            return new Memory(
                    weights + other.weights,
                    gradients + other.gradients,
                    optimizer + other.optimizer,
                    windows + other.windows,
                    activations + other.activations,
                    copies + other.copies);
        }
    }
}
