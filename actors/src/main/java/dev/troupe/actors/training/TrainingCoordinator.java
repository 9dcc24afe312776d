package dev.troupe.actors.training;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.troupe.actors.wire.WireMessage;

/** Drives a training run, step by step, from start or resume to the evaluated final checkpoint. */
public final class TrainingCoordinator {
    /** What a run may be told from outside. */
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    @JsonSubTypes({@JsonSubTypes.Type(Stop.class)})
    public sealed interface Command extends WireMessage {}

    /** Finish the step, write a checkpoint, and end with {@link TrainingEvent.Completed}. */
    public record Stop() implements Command {}

    private TrainingCoordinator() {}

    /** A run, which begins at once and stops itself at its end; events go to {@code listener}. */
    public static Behavior<Command> create(TrainingSetup setup, ActorRef<TrainingEvent> listener) {
        return Behaviors.setup(context -> {
            listener.tell(new TrainingEvent.Failed(setup.runId(), "training has no stages in this build"));
            return Behaviors.stopped();
        });
    }
}
