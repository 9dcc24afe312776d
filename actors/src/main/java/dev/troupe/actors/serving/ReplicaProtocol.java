package dev.troupe.actors.serving;

import akka.actor.typed.ActorRef;
import akka.actor.typed.receptionist.ServiceKey;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.troupe.actors.wire.WireMessage;

/** What a router may say to a model replica, on this node or another. */
public final class ReplicaProtocol {
    /** Replicas register under this key when they are ready to serve. */
    public static final ServiceKey<Command> SERVICE_KEY = ServiceKey.create(Command.class, "model-replica");

    private ReplicaProtocol() {}

    /** Marker of the messages below. */
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    @JsonSubTypes({
        @JsonSubTypes.Type(Submit.class),
        @JsonSubTypes.Type(Cancel.class),
        @JsonSubTypes.Type(Describe.class),
        @JsonSubTypes.Type(Drain.class)
    })
    public sealed interface Command extends WireMessage {}

    /** Generate; events go to {@code replyTo}. */
    public record Submit(GenerationRequest request, ActorRef<GenerationEvent> replyTo) implements Command {}

    /** The client is gone or has enough: stop, free the cache; Finished(CANCELLED) follows if it was running. */
    public record Cancel(String requestId) implements Command {}

    /** Asks what is served and how busy the replica is. */
    public record Describe(ActorRef<Description> replyTo) implements Command {}

    /** Take no more requests, finish those in flight, then tell {@code replyTo} and stop. */
    public record Drain(ActorRef<Drained> replyTo) implements Command {}

    /** The answer to {@link Describe}. */
    public record Description(ModelDescription model, int running, int queued) implements WireMessage {}

    /** The answer to {@link Drain}. */
    public record Drained(int finishedRequests) implements WireMessage {}
}
