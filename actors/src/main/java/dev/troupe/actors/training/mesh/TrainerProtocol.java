package dev.troupe.actors.training.mesh;

import akka.actor.typed.ActorRef;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.troupe.actors.training.run.MetricsLine;
import dev.troupe.actors.training.step.StepRunner;
import dev.troupe.actors.transport.Endpoint;
import dev.troupe.actors.wire.WireMessage;
import dev.troupe.model.mesh.StepOrder;
import dev.troupe.model.mesh.checkpoint.ShardFile;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a trainer node is told, and what it answers. An epoch is one seating of the mesh: its number rises with every
 * new one, and an order of an older epoch is refused, so that a node that was out of reach cannot disturb.
 */
public final class TrainerProtocol {
    private TrainerProtocol() {}

    /** What a trainer node may be told. */
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    @JsonSubTypes({
        @JsonSubTypes.Type(Report.class),
        @JsonSubTypes.Type(Describe.class),
        @JsonSubTypes.Type(Build.class),
        @JsonSubTypes.Type(TakeStep.class),
        @JsonSubTypes.Type(Save.class),
        @JsonSubTypes.Type(EvaluateWindows.class),
        @JsonSubTypes.Type(Leave.class),
        @JsonSubTypes.Type(Follow.class),
        @JsonSubTypes.Type(RunEnded.class)
    })
    public interface Command extends WireMessage {}

    /** Asks what is there. */
    public record Report(ActorRef<Reported> replyTo) implements Command {}

    /** Asks what the node does, for whoever shows it. */
    public record Describe(ActorRef<Described> replyTo) implements Command {}

    /**
     * Gives the node its ranks, after ending those of the epoch before.
     *
     * @param fence of who orders: a node that follows another coordinator since refuses
     * @param start where their state comes from
     */
    public record Build(long epoch, long fence, MeshJob job, Seating seating, Start start, ActorRef<Answer> replyTo)
            implements Command {}

    /**
     * Has the node's ranks take a step together with all others.
     *
     * @param step steps taken before; the ranks must be there
     */
    public record TakeStep(long epoch, long step, StepOrder order, ActorRef<Answer> replyTo) implements Command {}

    /**
     * Has each of the node's ranks write its file of a checkpoint. Ranks may take steps again after {@link Copied}.
     *
     * @param step steps taken before; the ranks must be there
     * @param directory of the checkpoint, on a file system that all nodes see
     */
    public record Save(long epoch, long step, String directory, ActorRef<Answer> replyTo) implements Command {}

    /**
     * Has the node's ranks evaluate held-out text together with all others.
     *
     * @param step steps taken before; the ranks must be there
     * @param windows most windows to evaluate
     */
    public record EvaluateWindows(long epoch, long step, int windows, ActorRef<Answer> replyTo) implements Command {}

    /** Ends a run's epoch: ranks, copies and all. */
    public record Leave(String runId) implements Command {}

    /**
     * A run of the cluster.
     *
     * @param directory on a file system that all nodes see
     */
    public record LedRun(String runId, String directory) implements WireMessage {}

    /**
     * A coordinator leads the run from now on. Orders of epochs up to {@code fence}, which are those of coordinators
     * before it, are refused.
     */
    public record Follow(LedRun run, long fence, ActorRef<Recalled> replyTo) implements Command {}

    /** A run is over, so that no coordinator needs to go on with it. */
    public record RunEnded(String runId) implements Command {}

    /**
     * The answer to {@link Follow}.
     *
     * @param node who answers
     * @param steps of the run that it took lately, oldest first
     */
    public record Recalled(ActorRef<Command> node, long fence, List<RecalledStep> steps) implements WireMessage {
        public Recalled {
            steps = List.copyOf(steps);
        }
    }

    /**
     * A step as a node remembers it.
     *
     * @param attempt at the run that took it: in a later one it may have been taken back
     */
    public record RecalledStep(StepOrder order, StepTaken taken, int attempt) implements WireMessage {
        /**
         * The step in the run's metrics.
         *
         * @param tokens trained on until its end
         */
        public MetricsLine.Step toLine(long tokens) {
            StepRunner.StepTimes times = MeshResults.times(List.of(taken));
            return MetricsLine.Step.of(
                    taken.step() + 1,
                    taken.loss(),
                    order.learningRate(),
                    taken.gradientNorm(),
                    tokens,
                    times.total(),
                    times);
        }
    }

    /** Where the state of ranks comes from. */
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    @JsonSubTypes({
        @JsonSubTypes.Type(Fresh.class),
        @JsonSubTypes.Type(FromCopies.class),
        @JsonSubTypes.Type(FromCheckpoint.class)
    })
    public sealed interface Start extends WireMessage {
        /** Steps taken before. */
        long step();
    }

    /** Weights as the seed has them. */
    public record Fresh() implements Start {
        @Override
        public long step() {
            return 0;
        }
    }

    /**
     * A checkpoint, of any mesh or of one process.
     *
     * @param path on a file system that all nodes see
     */
    public record FromCheckpoint(String path, long step) implements Start {}

    /**
     * Copies in the memory of nodes.
     *
     * @param step of all of them
     * @param holders [ranks] node that has the rank's
     */
    public record FromCopies(long step, List<Endpoint> holders) implements Start {
        public FromCopies {
            holders = List.copyOf(holders);
        }
    }

    /**
     * The answer to {@link Report}.
     *
     * @param traits of its machine
     * @param runId of the run that the node has ranks or copies of; null for none
     * @param attempt at that run, the latest that it was told of
     * @param epoch the latest it was told of
     * @param copies states in its memory
     * @param led the cluster's run, as far as the node knows; null for none
     */
    public record Reported(
            Endpoint endpoint,
            NodeTraits traits,
            @Nullable String runId,
            int attempt,
            long epoch,
            List<HeldCopy> copies,
            @Nullable LedRun led,
            ActorRef<Command> node)
            implements WireMessage {
        public Reported {
            copies = List.copyOf(copies);
        }

        /** The node's name. */
        String nodeId() {
            return endpoint.nodeId();
        }
    }

    /**
     * The answer to {@link Describe}.
     *
     * @param runId of the run that the node has ranks or copies of; null for none
     * @param directory of the run that it was told of last; null for none
     * @param epoch the latest it was told of
     * @param step steps that its ranks have taken
     * @param ranks that it has now
     */
    public record Described(
            @Nullable String runId, @Nullable String directory, long epoch, long step, List<Integer> ranks)
            implements WireMessage {
        public Described {
            ranks = List.copyOf(ranks);
        }
    }

    /**
     * A state in memory.
     *
     * @param shard the first rank that has this state: all its replicas have the same
     */
    public record HeldCopy(int shard, long step) implements WireMessage {}

    /** Answers to orders. */
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    @JsonSubTypes({
        @JsonSubTypes.Type(Built.class),
        @JsonSubTypes.Type(StepTaken.class),
        @JsonSubTypes.Type(Copied.class),
        @JsonSubTypes.Type(Saved.class),
        @JsonSubTypes.Type(NotSaved.class),
        @JsonSubTypes.Type(WindowsEvaluated.class),
        @JsonSubTypes.Type(Lost.class)
    })
    public sealed interface Answer extends WireMessage {
        /** Of the order. */
        long epoch();

        /** Who answers. */
        String nodeId();
    }

    /** The ranks are ready to take step {@code step}. */
    public record Built(long epoch, String nodeId, long step, NodeResources resources) implements Answer {}

    /**
     * The ranks took the step.
     *
     * @param updated false when loss or norm is no number: weights are those before
     * @param seconds of the node's ranks
     */
    public record StepTaken(
            long epoch,
            String nodeId,
            long step,
            double loss,
            double gradientNorm,
            boolean updated,
            RankSeconds seconds)
            implements Answer {}

    /** The states of this step are copied, and may change again. */
    public record Copied(long epoch, String nodeId, long step) implements Answer {}

    /**
     * The files of the ranks are on the disk.
     *
     * @param files of those ranks that have something to write
     */
    public record Saved(long epoch, String nodeId, long step, List<ShardFile> files) implements Answer {
        public Saved {
            files = List.copyOf(files);
        }
    }

    /** A file could not be written; the ranks are as they were. {@code message} is fit for a user. */
    public record NotSaved(long epoch, String nodeId, long step, String message) implements Answer {}

    /**
     * The ranks have evaluated.
     *
     * @param windows how many there were
     * @param loss mean cross-entropy, nats a token, of all ranks' windows
     */
    public record WindowsEvaluated(
            long epoch, String nodeId, long step, int windows, double loss, long tokens, double seconds)
            implements Answer {}

    /** It did not work: a peer is gone, most likely. The ranks of the epoch are no use any more; copies are. */
    public record Lost(long epoch, String nodeId, String message) implements Answer {}
}
