package dev.troupe.actors.serving.split;

import akka.actor.typed.ActorRef;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.troupe.actors.transport.Endpoint;
import dev.troupe.actors.wire.WireMessage;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a node that holds members of others' replicas is told, and what it answers. An epoch is one seating of a
 * replica's members; its name begins with the replica's, and is used once.
 */
public final class MemberProtocol {
    private MemberProtocol() {}

    /** What such a node may be told. */
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    @JsonSubTypes({@JsonSubTypes.Type(Report.class), @JsonSubTypes.Type(Build.class), @JsonSubTypes.Type(Leave.class)})
    public interface Command extends WireMessage {}

    /** Asks whether there is room. */
    public record Report(ActorRef<Reported> replyTo) implements Command {}

    /**
     * Has the node join and build members, after ending those of an earlier epoch of the same replica.
     *
     * @param members numbers of those to be on this node
     */
    public record Build(MemberJob job, List<Integer> members, ActorRef<Answer> replyTo) implements Command {
        public Build {
            members = List.copyOf(members);
        }
    }

    /** Ends an epoch. */
    public record Leave(String epoch) implements Command {}

    /**
     * The answer to {@link Report}.
     *
     * @param replica whose members are here; null for none, so that there is room
     */
    public record Reported(Endpoint endpoint, @Nullable String replica, ActorRef<Command> node)
            implements WireMessage {}

    /** What the leader hears of an epoch. */
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    @JsonSubTypes({@JsonSubTypes.Type(Built.class), @JsonSubTypes.Type(Lost.class)})
    public sealed interface Answer extends WireMessage {
        /** Of the order. */
        String epoch();

        /** Who answers. */
        String nodeId();
    }

    /**
     * The members are ready for steps.
     *
     * @param version of the weights that they have
     */
    public record Built(String epoch, String nodeId, String version) implements Answer {}

    /** The members could not be built, or are of no use any more. {@code message} is fit for a log. */
    public record Lost(String epoch, String nodeId, String message) implements Answer {}
}
