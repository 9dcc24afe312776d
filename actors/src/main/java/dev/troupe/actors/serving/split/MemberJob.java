package dev.troupe.actors.serving.split;

import dev.troupe.actors.transport.DataPlane;
import dev.troupe.actors.transport.Endpoint;
import dev.troupe.actors.wire.WireMessage;
import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.transformer.Decode;
import dev.troupe.model.transformer.InferenceSettings;
import dev.troupe.model.transformer.Prefill;
import dev.troupe.model.transformer.ServedCache;
import dev.troupe.model.transformer.ServedWeights;
import java.time.Duration;
import java.util.List;

/**
 * What a node must know to build members of a replica.
 *
 * @param epoch names the groups
 * @param leader address of the leader's node in the cluster
 * @param seats [members] where each is
 * @param model path of the file or directory on the leader's node
 * @param contextLength that it is served with
 * @param weights as {@code troupe.serving.weights}
 * @param prefill as {@code troupe.serving.prefill}
 * @param decode as {@code troupe.serving.decode}
 * @param cache as {@code troupe.serving.kvCacheType}
 * @param backend name of the kernel provider: the leader's choice, because others may have other bits
 * @param precision as {@code troupe.serving.precision}
 */
public record MemberJob(
        String epoch,
        String leader,
        ReplicaShape shape,
        List<Endpoint> seats,
        String model,
        int contextLength,
        String weights,
        String prefill,
        String decode,
        String cache,
        String backend,
        String precision,
        int maxRows,
        int numKvBlocks,
        long patienceMillis)
        implements WireMessage {
    private static final char SEPARATOR = '/';

    public MemberJob {
        seats = List.copyOf(seats);
    }

    /** The name of an epoch. */
    static String epoch(String replica, int number) {
        return replica + SEPARATOR + number;
    }

    /** Whose epoch it is. */
    static String replicaOf(String epoch) {
        return epoch.substring(0, epoch.lastIndexOf(SEPARATOR));
    }

    /** The groups of this epoch, for members on this node. */
    GroupOpener groups(DataPlane plane) {
        return (name, self, members, timeout) -> plane.join(
                epoch + SEPARATOR + name,
                members.indexOf(self),
                members.stream().map(seats::get).toList(),
                timeout);
    }

    Precision kernelPrecision() {
        return Precision.named(precision);
    }

    /**
     * The same for the model in a file.
     *
     * @throws TroupeException when the file's model does not reach as far as it is to be served
     */
    MemberSetup setup(ModelConfig inFile) {
        if (inFile.contextLength() < contextLength) {
            throw new TroupeException("the model in " + model + " has a context of " + inFile.contextLength()
                    + " tokens, and the replica's leader serves " + contextLength);
        }
        ModelConfig config = inFile.contextLength() == contextLength ? inFile : inFile.withContextLength(contextLength);
        return new MemberSetup(
                shape,
                config,
                new InferenceSettings(
                        ServedWeights.named(weights),
                        Prefill.named(prefill),
                        Decode.named(decode),
                        ServedCache.named(cache)),
                maxRows,
                numKvBlocks,
                Duration.ofMillis(patienceMillis));
    }
}
