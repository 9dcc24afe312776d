package dev.troupe.actors.training.mesh;

import akka.actor.typed.receptionist.Receptionist;
import dev.troupe.actors.training.mesh.TrainerProtocol.Answer;
import dev.troupe.actors.training.mesh.TrainerProtocol.FromCheckpoint;
import dev.troupe.actors.training.mesh.TrainerProtocol.Reported;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** What a {@link MeshRunner} tells itself: what others have answered, and that time has passed. */
sealed interface RunnerMessage extends MeshRunner.Command {
    /** Trainer nodes have come or gone. */
    record TrainersChanged(Receptionist.Listing listing) implements RunnerMessage {}

    /** A node says what it has. */
    record ReportArrived(Reported report) implements RunnerMessage {}

    /** A node has done what it was told, or not. */
    record AnswerArrived(Answer answer) implements RunnerMessage {}

    /** There is a directory for a checkpoint, or a failure. */
    record SaveBegun(
            MeshSave save,
            @Nullable Path directory,
            @Nullable Throwable failure) implements RunnerMessage {}

    /** A checkpoint is whole, or could not be made. */
    record SavePublished(
            MeshSave save,
            @Nullable Path directory,
            @Nullable Throwable failure) implements RunnerMessage {}

    /**
     * The checksums of a checkpoint were compared.
     *
     * @param phase in which they were asked for
     * @param next seats of the ranks that are to go back to it
     * @param damage names it and what is wrong with it; null when it is whole
     */
    record CheckpointRead(
            long phase,
            Seating next,
            FromCheckpoint checkpoint,
            @Nullable String damage) implements RunnerMessage {}

    /** Nodes have had their time to say what they have. */
    record Wait(long phase) implements RunnerMessage {}

    /** What was to happen in a phase has not. */
    record Overdue(long phase, String what) implements RunnerMessage {}
}
