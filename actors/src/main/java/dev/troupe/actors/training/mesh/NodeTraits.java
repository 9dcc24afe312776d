package dev.troupe.actors.training.mesh;

import com.sun.management.OperatingSystemMXBean;
import dev.troupe.actors.wire.WireMessage;
import java.lang.management.ManagementFactory;

/**
 * What a trainer node says of the machine that it is on.
 *
 * @param identity by which the node is known again when it was restarted; empty for its name in the cluster
 * @param zone rack or zone of the machine; empty when it was not configured
 * @param processors that the node may use
 * @param memoryBytes that tensors may take
 * @param sharesMemory whether those are the machine's, for all trainer nodes on it together
 */
public record NodeTraits(String identity, String zone, int processors, long memoryBytes, boolean sharesMemory)
        implements WireMessage {
    /**
     * Those of this machine.
     *
     * @param memoryBytes that tensors may take; 0 for what the machine has beside this process's heap
     */
    public static NodeTraits here(String identity, String zone, long memoryBytes) {
        return new NodeTraits(
                identity,
                zone,
                Runtime.getRuntime().availableProcessors(),
                memoryBytes > 0 ? memoryBytes : machineBytes(),
                memoryBytes == 0);
    }

    private static long machineBytes() {
        long all =
                ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
        return Math.max(0, all - Runtime.getRuntime().maxMemory());
    }
}
