package dev.troupe.deploy.node;

import com.typesafe.config.Config;
import dev.troupe.actors.compute.NodeKernels;
import dev.troupe.actors.serving.engine.EngineSettings;
import dev.troupe.actors.serving.replica.ReplicaSettings;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.check.KernelUse;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * When a node compares which of its kernels with the scalar reference; what a model's weights need, its loading does.
 */
final class NodeKernelChecks {
    /**
     * After which requests have been answered, and what they needed is compiled. Who starts a node for less is spared
     * it.
     */
    private static final long SPARE_SECONDS = 60;

    private NodeKernelChecks() {}

    /**
     * Compares what the node would serve any model with, or train with, before it joins.
     *
     * @throws dev.troupe.model.TroupeException when one differs
     */
    static void first(NodeConfig node, Config config, boolean clustered) {
        if (serves(node)) {
            EngineSettings engine = ReplicaSettings.from(config).engine();
            Set<KernelUse> uses = EnumSet.copyOf(KernelUse.serving());
            uses.addAll(engine.inference().products());
            check(engine, uses);
        } else if (clustered && (node.has(Role.TRAINER) || node.has(Role.EVAL))) {
            // Now, and not when a run waits for this node to take the place of another.
            NodeKernels.check(config.getString("troupe.compute.backend"), Precision.FP32, 1, KernelUse.training());
        }
    }

    /** Compares the others of a server or a member, later: {@link TroupeNode#checkOtherKernels}. */
    static CompletableFuture<Void> others(NodeConfig node, Config config) {
        if (!serves(node)) {
            return CompletableFuture.completedFuture(null);
        }
        EngineSettings engine = ReplicaSettings.from(config).engine();
        return CompletableFuture.runAsync(
                () -> check(engine, KernelUse.all()),
                CompletableFuture.delayedExecutor(SPARE_SECONDS, TimeUnit.SECONDS));
    }

    private static boolean serves(NodeConfig node) {
        return node.has(Role.SERVER) || node.has(Role.MEMBER);
    }

    private static void check(EngineSettings engine, Set<KernelUse> uses) {
        NodeKernels.check(engine.backend(), engine.precision(), engine.threads().count(), uses);
    }
}
