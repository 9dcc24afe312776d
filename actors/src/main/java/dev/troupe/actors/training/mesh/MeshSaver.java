package dev.troupe.actors.training.mesh;

import akka.actor.typed.javadsl.ActorContext;
import dev.troupe.actors.training.checkpoint.CheckpointWriter;
import dev.troupe.actors.training.mesh.TrainerProtocol.Answer;
import dev.troupe.actors.training.mesh.TrainerProtocol.Copied;
import dev.troupe.actors.training.mesh.TrainerProtocol.FromCheckpoint;
import dev.troupe.actors.training.mesh.TrainerProtocol.NotSaved;
import dev.troupe.actors.training.mesh.TrainerProtocol.Saved;
import dev.troupe.model.mesh.checkpoint.MeshCheckpointStore;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A runner's checkpoints, one at a time: a directory is made, nodes copy their states and write them to files there,
 * and then the manifest is published. Answers whoever asked for it. Used by the runner's actor.
 */
final class MeshSaver {
    private final ActorContext<MeshRunner.Command> context;
    private final MeshCheckpoints checkpoints;
    private @Nullable MeshSave current;

    MeshSaver(ActorContext<MeshRunner.Command> context, MeshCheckpoints checkpoints) {
        this.context = context;
        this.checkpoints = checkpoints;
    }

    /** Whether a checkpoint is under way. */
    boolean isSaving() {
        return current != null;
    }

    /** Whether ranks must stay as they are. */
    boolean isCopying() {
        return current != null && !current.isCopied();
    }

    /** Begins, unless the one before is not over, which the answer then says. */
    void begin(CheckpointWriter.Save order, Set<String> nodes) {
        long step = order.state().step();
        if (current != null) {
            order.replyTo()
                    .tell(new CheckpointWriter.NotWritten(step, "the checkpoint before it is still being written"));
            return;
        }
        MeshSave save = new MeshSave(order, nodes);
        current = save;
        context.pipeToSelf(
                checkpoints.begin(step), (directory, failure) -> new RunnerMessage.SaveBegun(save, directory, failure));
    }

    /** The directory that nodes are to write to; none when there is none, or nodes were lost meanwhile. */
    Optional<Path> onBegun(RunnerMessage.SaveBegun begun) {
        Path directory = begun.directory();
        if (current != begun.save()) {
            return Optional.empty();
        }
        if (directory == null) {
            fail(begun.save(), MeshResults.message(begun.failure()));
        }
        return Optional.ofNullable(directory);
    }

    /** A node has copied, or written, or failed to. */
    void onAnswer(Answer answer) {
        MeshSave save = current;
        if (save == null) {
            return;
        }
        boolean wasCopied = save.isCopied();
        switch (answer) {
            case Copied copied when copied.step() == save.step() -> save.copied(copied.nodeId());
            case Saved saved
            when saved.step() == save.step() -> {
                save.written(saved.nodeId(), saved.files());
                if (save.isWritten()) {
                    publish(save);
                }
            }
            case NotSaved failed
            when failed.step() == save.step() -> {
                fail(save, failed.message());
                return;
            }
            default -> {
                return; // of a checkpoint that is over
            }
        }
        if (save.isCopied() && !wasCopied) {
            save.order().replyTo().tell(new CheckpointWriter.SnapshotTaken(save.step(), save.seconds()));
        }
    }

    private void publish(MeshSave save) {
        context.pipeToSelf(
                checkpoints.publish(save.order().state(), save.files()),
                (directory, failure) -> new RunnerMessage.SavePublished(save, directory, failure));
    }

    /** Compares the checksums of a checkpoint that ranks are to go back to. */
    void check(long phase, Seating next, FromCheckpoint checkpoint) {
        Path path = Path.of(checkpoint.path());
        context.pipeToSelf(
                checkpoints.requireWhole(path),
                (_, failure) -> new RunnerMessage.CheckpointRead(
                        phase,
                        next,
                        checkpoint,
                        failure == null ? null : MeshCheckpointStore.passedOver(path, MeshResults.message(failure))));
    }

    /** The checkpoint, now that it is whole; none when it is not. */
    Optional<FromCheckpoint> onPublished(RunnerMessage.SavePublished published) {
        MeshSave save = published.save();
        Path directory = published.directory();
        if (directory == null) {
            fail(save, MeshResults.message(published.failure()));
            return Optional.empty();
        }
        current = null;
        save.order().replyTo().tell(new CheckpointWriter.Written(save.step(), directory.toString(), save.seconds()));
        return Optional.of(new FromCheckpoint(directory.toString(), save.step()));
    }

    private void fail(MeshSave save, String message) {
        current = null;
        save.order().replyTo().tell(new CheckpointWriter.NotWritten(save.step(), message));
    }

    /**
     * Nodes are lost: if they have not written yet, they won't.
     *
     * @param nextStep that ranks will take
     * @return what must be asked for again; none when ranks have gone on since, and it has failed
     */
    Optional<CheckpointWriter.Save> giveUp(long nextStep) {
        MeshSave save = current;
        if (save == null || save.isWritten()) {
            return Optional.empty();
        }
        if (nextStep > save.step()) {
            fail(save, "a node was lost while it was written");
            return Optional.empty();
        }
        current = null;
        return Optional.of(save.order());
    }
}
