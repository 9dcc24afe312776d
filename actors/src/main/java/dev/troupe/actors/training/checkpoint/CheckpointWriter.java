package dev.troupe.actors.training.checkpoint;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.troupe.actors.Failures;
import dev.troupe.actors.training.exchange.RunMemory;
import dev.troupe.actors.training.exchange.TensorTicket;
import dev.troupe.actors.wire.WireMessage;
import dev.troupe.model.format.CheckpointContents;
import dev.troupe.model.format.CheckpointStaging;
import dev.troupe.model.format.TrainingState;
import dev.troupe.model.optim.OptimizerState;
import dev.troupe.model.transformer.Parameters;
import java.nio.file.Path;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Writes checkpoints beside the training, one at a time: training stands still for a copy in memory, and the disk works
 * while it goes on. A failure is an answer, not a crash: the run decides what it means.
 */
public final class CheckpointWriter {
    /** What the writer may be told. */
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    @JsonSubTypes({@JsonSubTypes.Type(Save.class)})
    public sealed interface Command extends WireMessage {}

    /** Saves the tensors as they are now: they must not change before {@link SnapshotTaken} or {@link NotWritten}. */
    public record Save(TrainingState state, ActorRef<Answer> replyTo) implements Command {}

    private record Captured(
            Save request,
            long startNanos,
            @Nullable CheckpointContents contents,
            @Nullable Throwable failure) implements Command {}

    private record Ended(
            Save request,
            double seconds,
            @Nullable Path path,
            @Nullable Throwable failure) implements Command {}

    /** Answers to {@link Save}: {@link SnapshotTaken}, then {@link Written} or {@link NotWritten}. */
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    @JsonSubTypes({
        @JsonSubTypes.Type(SnapshotTaken.class),
        @JsonSubTypes.Type(Written.class),
        @JsonSubTypes.Type(NotWritten.class)
    })
    public sealed interface Answer extends WireMessage {
        /** Step of the checkpoint. */
        long step();
    }

    /** The tensors may change again. */
    public record SnapshotTaken(long step, double pauseSeconds) implements Answer {}

    /** The checkpoint is complete on disk, {@code seconds} after it was asked for. */
    public record Written(long step, String path, double seconds) implements Answer {}

    /** There is no such checkpoint; older ones are untouched. {@code message} is fit for a user. */
    public record NotWritten(long step, String message) implements Answer {}

    /**
     * What it works with; memory belongs to the run.
     *
     * @param weights that are saved
     * @param moments that are saved
     * @param staging takes the copy
     */
    public record Settings(TensorTicket weights, TensorTicket moments, CheckpointStaging staging) {}

    private final ActorContext<Command> context;
    private final Settings settings;
    private final CheckpointSink sink;
    private final RunMemory memory;
    private final Executor blocking;
    private boolean busy;

    private CheckpointWriter(ActorContext<Command> context, Settings settings, CheckpointSink sink, RunMemory memory) {
        this.context = context;
        this.settings = settings;
        this.sink = sink;
        this.memory = memory;
        this.blocking = context.getSystem().dispatchers().lookup(DispatcherSelector.blocking());
    }

    /** A writer to {@code sink}. */
    public static Behavior<Command> create(Settings settings, CheckpointSink sink, RunMemory memory) {
        return Behaviors.setup(context -> {
            CheckpointWriter writer = new CheckpointWriter(context, settings, sink, memory);
            return Behaviors.receiveMessage(writer::onCommand);
        });
    }

    private Behavior<Command> onCommand(Command command) {
        switch (command) {
            case Save request -> onSave(request);
            case Captured captured -> onCaptured(captured);
            case Ended ended -> onEnded(ended);
        }
        return Behaviors.same();
    }

    private void onSave(Save request) {
        long step = request.state().step();
        if (busy) {
            request.replyTo().tell(new NotWritten(step, "the checkpoint before it is still being written"));
            return;
        }
        busy = true;
        long start = System.nanoTime();
        context.pipeToSelf(
                memory.submit(
                        blocking,
                        () -> settings.staging()
                                .capture(
                                        memory.resolve(settings.weights(), Parameters.class),
                                        memory.resolve(settings.moments(), OptimizerState.class),
                                        request.state())),
                (contents, failure) -> new Captured(request, start, contents, failure));
    }

    private void onCaptured(Captured captured) {
        Save request = captured.request();
        long start = captured.startNanos();
        CheckpointContents contents = captured.contents();
        if (contents == null) {
            throw new IllegalStateException("copying the tensors for a checkpoint failed", captured.failure());
        }
        request.replyTo().tell(new SnapshotTaken(request.state().step(), secondsSince(start)));
        context.pipeToSelf(
                memory.submit(blocking, () -> sink.write(contents)),
                (path, failure) -> new Ended(request, secondsSince(start), path, failure));
    }

    private void onEnded(Ended ended) {
        busy = false;
        long step = ended.request().state().step();
        Path path = ended.path();
        Answer answer = path != null
                ? new Written(step, path.toString(), ended.seconds())
                : new NotWritten(step, message(ended.failure()));
        ended.request().replyTo().tell(answer);
    }

    private static String message(@Nullable Throwable failure) {
        return failure == null
                ? "no reason given"
                : String.valueOf(Failures.cause(failure).getMessage());
    }

    private static double secondsSince(long nanos) {
        return (System.nanoTime() - nanos) * 1e-9;
    }
}
