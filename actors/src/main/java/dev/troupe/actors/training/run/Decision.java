package dev.troupe.actors.training.run;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.troupe.actors.training.TrainingSummary;
import dev.troupe.actors.training.mesh.NodeFailure;
import dev.troupe.actors.training.mesh.Seating;
import dev.troupe.actors.wire.WireMessage;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the coordinator of a run on a cluster has decided, for the one that comes after it. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
    @JsonSubTypes.Type(value = Decision.Led.class, name = "led"),
    @JsonSubTypes.Type(value = Decision.Seated.class, name = "seated"),
    @JsonSubTypes.Type(value = Decision.NodeFailed.class, name = "node-failed"),
    @JsonSubTypes.Type(value = Decision.Ended.class, name = "ended")
})
public sealed interface Decision extends WireMessage {
    /**
     * A coordinator begins; the first of its term.
     *
     * @param node on which it is
     * @param run what it leads; null when a single process has taken the directory, so that nobody goes on after it
     */
    record Led(String node, @Nullable RunSpec run) implements Decision {}

    /**
     * Ranks have seats.
     *
     * @param step that is taken next
     * @param lost names of nodes that are gone
     * @param cause why they have new ones
     */
    record Seated(long epoch, long step, Seating seating, List<String> lost, String cause) implements Decision {
        public Seated {
            lost = List.copyOf(lost);
        }
    }

    /** A node is to blame for a change of seats. */
    record NodeFailed(NodeFailure failure) implements Decision {}

    /** The run is over: complete or stopped with a summary, or failed with a message. */
    record Ended(
            @Nullable TrainingSummary summary, @Nullable String failure) implements Decision {}
}
