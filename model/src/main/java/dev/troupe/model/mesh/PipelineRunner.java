package dev.troupe.model.mesh;

import dev.troupe.model.parallel.CommunicationException;
import dev.troupe.model.parallel.Communicator;
import dev.troupe.model.parallel.PeerThread;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.transformer.StageRange;
import dev.troupe.model.transformer.TrainingStage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * One stage's part of a step: its micro-batches forward and backward as the schedule says, what they compute sent on
 * and back. Sending happens beside the computation, on one thread for each direction; a buffer is written again only
 * after it was sent.
 */
final class PipelineRunner implements AutoCloseable {
    /** What one micro-batch between its passes needs. */
    private static final class Slot {
        private final TrainingStage stage;
        private final Tensor hidden; // [R, C], from the stage before
        private final int[] inputs;
        private final int[] targets;
        private @Nullable Future<?> sendingOutput;
        private @Nullable Future<?> sendingGradient;

        private Slot(TrainingStage stage, Tensor hidden, int rows) {
            this.stage = stage;
            this.hidden = hidden;
            this.inputs = new int[rows];
            this.targets = new int[rows];
        }
    }

    /** Told about each backward pass before it begins. */
    @FunctionalInterface
    interface BackwardListener {
        void beginBackward(boolean firstOfStep, boolean lastOfStep);
    }

    private final MeshSettings settings;
    private final StageRange range;
    private final RankGroups groups;
    private final MicroBatchSource source;
    private final Map<Integer, PipelineSchedule> schedules = new HashMap<>(); // by micro-batches of this replica
    private final Mesh.Position at;
    private final BackwardListener listener;
    private final TensorArena arena = TensorArena.open("train.activations");
    private final List<Slot> slots = new ArrayList<>();
    private final @Nullable PeerThread forwardThread;
    private final @Nullable PeerThread backwardThread;
    private final double[] losses;
    private StepOrder step = StepOrder.regular(0, 1, 0); // the one under way
    private long first; // micro-batch of it that this replica has
    private int last; // counted from there
    private long waitNanos;

    /**
     * A runner.
     *
     * @param stages as many as the schedule of the longest step has slots, over the same weights and gradients
     */
    PipelineRunner(
            MeshSettings settings,
            Mesh.Position at,
            StageRange range,
            RankGroups groups,
            MicroBatchSource source,
            List<TrainingStage> stages,
            BackwardListener listener) {
        this.settings = settings;
        this.range = range;
        this.groups = groups;
        this.source = source;
        this.at = at;
        this.listener = listener;
        int rows = settings.batch() * settings.time();
        for (TrainingStage stage : stages) {
            Tensor hidden = arena.allocate(
                    range.hasEmbedding() ? 0 : rows, settings.model().dim());
            slots.add(new Slot(stage, hidden, rows));
        }
        int rank = groups.world().rank();
        this.forwardThread = groups.toNext() == null ? null : new PeerThread("troupe-forward-" + rank);
        this.backwardThread = groups.toPrevious() == null ? null : new PeerThread("troupe-backward-" + rank);
        this.losses = new double[range.hasHead() ? settings.microBatches() : 0];
    }

    /**
     * Runs the micro-batches of a step.
     *
     * @return the loss of each of this replica's on the last stage, else none
     */
    double[] run(StepOrder order) {
        int microBatches = order.microBatches() / settings.mesh().data();
        PipelineSchedule schedule = schedules.computeIfAbsent(
                microBatches,
                count -> PipelineSchedule.of(at.pipeline(), settings.mesh().pipeline(), count));
        step = order;
        first = order.firstMicroBatch() + (long) at.data() * microBatches;
        last = microBatches - 1;

        slots.getFirst().stage.startGradients();
        for (PipelineSchedule.Pass pass : schedule.passes()) {
            Slot slot = slots.get(pass.microBatch() % schedule.slots());
            if (!pass.forward()) {
                if (!range.hasHead()) {
                    backward(slot, pass.microBatch());
                }
            } else if (range.hasHead()) {
                forwardBackward(slot, pass.microBatch());
            } else {
                forward(slot, pass.microBatch());
            }
        }
        for (Slot slot : slots) {
            await(slot.sendingOutput);
            await(slot.sendingGradient);
        }
        return range.hasHead() ? Arrays.copyOf(losses, microBatches) : losses;
    }

    /** The one that is expected after it is of this step, or the first of the next, if that has as many. */
    private void read(Slot slot, int microBatch) {
        source.fill(first + microBatch, slot.inputs, slot.targets);
        source.expect(microBatch < last ? first + microBatch + 1 : step.end() + (long) at.data() * (last + 1));
    }

    private void forward(Slot slot, int microBatch) {
        await(slot.sendingOutput);
        long number = first + microBatch;
        long dropout = DropoutSeed.of(settings.seed(), number);
        Tensor output;
        if (range.hasEmbedding()) {
            read(slot, microBatch);
            output = slot.stage.forward(slot.inputs, settings.time(), dropout);
        } else {
            receive(slot.hidden, groups.fromPrevious(), 0);
            output = slot.stage.forward(slot.hidden, settings.batch(), settings.time(), dropout);
        }
        slot.sendingOutput = send(output, groups.toNext(), forwardThread, 1);
    }

    private void backward(Slot slot, int microBatch) {
        await(slot.sendingGradient);
        Tensor gradient = slot.stage.inputGradient();
        receive(gradient, groups.fromNext(), 1);
        beginBackward(microBatch);
        slot.stage.backward(gradient);
        sendGradient(slot);
    }

    /** The last stage goes back as soon as it has been forward. */
    private void forwardBackward(Slot slot, int microBatch) {
        long number = first + microBatch;
        long dropout = DropoutSeed.of(settings.seed(), number);
        float scale = (float) step.lossScale() / step.microBatches();
        read(slot, microBatch);
        if (range.hasEmbedding()) {
            beginBackward(microBatch);
            losses[microBatch] = slot.stage.forwardBackward(slot.inputs, settings.time(), slot.targets, scale, dropout);
            return;
        }
        receive(slot.hidden, groups.fromPrevious(), 0);
        await(slot.sendingGradient);
        beginBackward(microBatch);
        losses[microBatch] = slot.stage.forwardBackward(slot.hidden, settings.time(), slot.targets, scale, dropout);
        sendGradient(slot);
    }

    private void beginBackward(int microBatch) {
        listener.beginBackward(microBatch == 0, microBatch == last);
    }

    private void sendGradient(Slot slot) {
        if (groups.toPrevious() != null) {
            slot.sendingGradient = send(slot.stage.inputGradient(), groups.toPrevious(), backwardThread, 0);
        }
    }

    private void receive(Tensor target, @Nullable Communicator group, int from) {
        long start = System.nanoTime();
        required(group).receive(target, from);
        waitNanos += System.nanoTime() - start;
    }

    private static Future<?> send(Tensor source, @Nullable Communicator group, @Nullable PeerThread thread, int to) {
        Communicator peers = required(group);
        return required(thread).start(() -> peers.send(source, to));
    }

    private void await(@Nullable Future<?> task) {
        long start = System.nanoTime();
        PeerThread.await(task);
        waitNanos += System.nanoTime() - start;
    }

    private static <T> T required(@Nullable T link) {
        if (link == null) {
            throw new CommunicationException("this stage of the pipeline has no neighbour there");
        }
        return link;
    }

    /** Bytes for what comes from the stage before. */
    long bytes() {
        return arena.bytes();
    }

    /** Time that the computation has waited for neighbours. */
    long waitNanos() {
        return waitNanos;
    }

    @Override
    public void close() {
        if (forwardThread != null) {
            forwardThread.close();
        }
        if (backwardThread != null) {
            backwardThread.close();
        }
        arena.close();
    }
}
