package dev.troupe.actors.training.run;

import dev.troupe.actors.training.mesh.NodeResources;
import dev.troupe.actors.wire.WireMessage;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a run has made of its machines; shares are from 0 to 1, over all steps that were taken once.
 *
 * @param modelFlopsUtilization what the tokens needed as a share of the measured float32 peak of all threads; null when
 *     that was not measured
 * @param communicationShare of the steps, in which ranks waited for each other, the bubble included
 * @param bubbleShare of the steps, in which stages waited for their neighbours
 * @param copyShare of the steps, in which states were copied to other nodes
 * @param recoveries from lost nodes
 * @param recoverySeconds all of them together, from when a loss was noticed
 * @param longestRecoverySeconds of them
 * @param placement why the ranks of a mesh were where they were at the end; null for a run that is not split
 * @param nodes and their memory, as they were at the end
 */
public record RunUtilization(
        @Nullable Double modelFlopsUtilization,
        double communicationShare,
        double bubbleShare,
        double copyShare,
        int recoveries,
        double recoverySeconds,
        double longestRecoverySeconds,
        @Nullable String placement,
        List<NodeResources> nodes)
        implements WireMessage {
    public RunUtilization {
        nodes = List.copyOf(nodes);
    }
}
