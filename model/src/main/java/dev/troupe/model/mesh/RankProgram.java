package dev.troupe.model.mesh;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.optim.AdamW;
import dev.troupe.model.optim.ShardUpdate;
import dev.troupe.model.optim.UpdateOrder;
import dev.troupe.model.parallel.Communicator;
import dev.troupe.model.parallel.TensorAxis;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.transformer.ParameterLayout.PartKind;
import dev.troupe.model.transformer.StageOptions;
import dev.troupe.model.transformer.StageRange;
import dev.troupe.model.transformer.TrainingStage;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What one rank of a mesh does: all ranks call {@link #step} with the same arguments, and it returns on all of them
 * with the same loss and norm. One thread calls it, and it blocks on peers.
 *
 * <p>A step: micro-batches through the pipeline, gradients summed over the data axis meanwhile; the norm of the whole
 * mesh's gradients; AdamW on the slices that are this rank's; weights to those who need them.
 */
public final class RankProgram implements AutoCloseable {
    private final MeshSettings settings;
    private final RankState state;
    private final RankGroups groups;
    private final Kernels kernels;
    private final TensorAxis tensorAxis;
    private final List<TrainingStage> stages = new ArrayList<>();
    private final PartExchange exchange;
    private final PipelineRunner pipeline;
    private final RankUpdate update;
    private final ShardUpdate updateByOwner;
    private final TensorArena arena = TensorArena.open("train.exchange");
    private final Tensor endGradients;
    private final Tensor otherEnd; // as many
    private final PipelineEvaluation evaluation;
    private @Nullable Gradients prepared; // of a step that is not ordered yet
    private long exchangeNanos; // of losses, norms, and gradients of both ends of the pipeline

    /**
     * Allocates activations.
     *
     * @param state of the rank; who made it closes it, after this
     * @param groups of the rank; who opened them closes them, before this
     * @param owner takes over the update of the rank's slices, and gives what the rank is to call for it
     */
    public RankProgram(
            MeshSettings settings,
            int rank,
            RankState state,
            RankGroups groups,
            Kernels kernels,
            MicroBatchSource source,
            UnaryOperator<ShardUpdate> owner) {
        ModelConfig model = settings.model();
        Mesh mesh = settings.mesh();
        Mesh.Position at = mesh.position(rank);
        StageRange range = StageSplit.of(model, at.pipeline(), mesh.pipeline());
        this.settings = settings;
        this.state = state;
        this.groups = groups;
        this.kernels = kernels;
        this.tensorAxis = TensorAxis.of(groups.tensor());
        PipelineSchedule schedule = PipelineSchedule.of(at.pipeline(), mesh.pipeline(), settings.microBatches());
        this.exchange = new PartExchange(
                state,
                groups,
                kernels,
                () -> stages.getFirst().joinTableGradients(),
                () -> stages.forEach(TrainingStage::weightsChanged));
        StageOptions options = new StageOptions(tensorAxis, settings.recomputeLayers(), true, exchange);
        for (int i = 0; i < schedule.slots(); i++) {
            stages.add(new TrainingStage(
                    model,
                    range,
                    kernels,
                    state.weights(),
                    state.gradients(),
                    settings.batch(),
                    settings.time(),
                    options));
        }
        this.pipeline = new PipelineRunner(settings, at, range, groups, source, stages, exchange::beginBackward);
        this.evaluation = new PipelineEvaluation(settings, at, range, groups, stages.getFirst());
        AdamW adamW = new AdamW(settings.optimizer(), kernels, state.layout());
        this.update = new RankUpdate(state, adamW, kernels);
        this.updateByOwner = owner.apply(update);
        this.endGradients = endGradients();
        this.otherEnd = arena.allocate((int) endGradients.size());
    }

    /** Gradients that wait for their step, and what they took. */
    private static final class Gradients {
        private final StepOrder order;
        private final double[] losses; // of this rank's micro-batches
        private final double seconds;
        private final double waiting; // for peers, of that
        private final double bubble; // of that, for neighbouring stages

        Gradients(StepOrder order, double[] losses, double seconds, double waiting, double bubble) {
            this.order = order;
            this.losses = losses;
            this.seconds = seconds;
            this.waiting = waiting;
            this.bubble = bubble;
        }
    }

    /**
     * Computes the gradients of a step that is likely to be ordered next; nothing of the state changes before it is.
     * All ranks call it between the same two steps. When another step is ordered, it was in vain.
     *
     * @param order of which the learning rate does not matter
     * @throws dev.troupe.model.parallel.CommunicationException when a peer is lost; the state is undefined then
     */
    public void prepare(StepOrder order) {
        prepared = gradients(order);
    }

    private Gradients gradients(StepOrder order) {
        if (order.microBatches() > settings.accumulation()
                || order.microBatches() % settings.mesh().data() != 0) {
            throw new IllegalArgumentException("a step of " + order.microBatches() + " micro-batches on a mesh of "
                    + settings.mesh() + " that has memory for " + settings.accumulation());
        }
        prepared = null;
        long start = System.nanoTime();
        long waitedBefore = waitNanos();
        long bubbleBefore = pipeline.waitNanos();
        exchange.beginStep();
        double[] ownLosses = pipeline.run(order);
        exchange.finishGradients();
        addEnds();
        return new Gradients(
                order,
                ownLosses,
                (System.nanoTime() - start) * 1e-9,
                (waitNanos() - waitedBefore) * 1e-9,
                (pipeline.waitNanos() - bubbleBefore) * 1e-9);
    }

    /**
     * Takes the next step, with the gradients that were prepared for it where they were.
     *
     * @param order of at most {@link MeshSettings#accumulation} micro-batches, a multiple of the data axis
     * @throws dev.troupe.model.parallel.CommunicationException when a peer is lost; the state is undefined then
     */
    public StepOutcome step(StepOrder order) {
        Gradients ready = prepared;
        Gradients gradients = ready != null && ready.order.hasGradientsOf(order) ? ready : gradients(order);
        prepared = null;
        long start = System.nanoTime();
        long waitedBefore = waitNanos();
        double loss = meanLoss(gradients.losses, order.microBatches());
        double norm = Math.sqrt(sum(gather(update.sumsOfSquares()))) / order.lossScale();
        boolean good = Double.isFinite(loss) && Double.isFinite(norm);
        if (good) {
            updateByOwner.update(new UpdateOrder(order.learningRate(), order.lossScale(), norm));
            spreadWeights();
        }
        double updating = (System.nanoTime() - start) * 1e-9;
        return new StepOutcome(
                loss,
                norm,
                good,
                new StepOutcome.Times(
                        gradients.seconds + updating,
                        gradients.seconds,
                        gradients.waiting + (waitNanos() - waitedBefore) * 1e-9,
                        gradients.bubble,
                        updating));
    }

    /**
     * Evaluates the weights as they are now: windows [0, count) of held-out text, without dropout. Sums go in order of
     * the windows, so that a pipeline gets the bits of a single stage, and any mesh the same up to its rounding.
     *
     * @param count at least 1
     * @throws dev.troupe.model.parallel.CommunicationException when a peer is lost
     */
    public EvaluationOutcome evaluate(int count, WindowSource source) {
        if (count < 1) {
            throw new IllegalArgumentException("an evaluation of " + count + " windows");
        }
        long start = System.nanoTime();
        exchange.beginStep(); // windows of weights may be those before the update
        double[] own = evaluation.run(count, source);
        double[] sums = gather(tensorAxis.rank() == 0 ? own : new double[0]);
        return EvaluationOutcome.of(sums, (System.nanoTime() - start) * 1e-9);
    }

    /** The mean over micro-batches in order of their number; ranks of a tensor axis have the same, and one gives it. */
    private double meanLoss(double[] own, int microBatches) {
        double[] given = tensorAxis.rank() == 0 ? own : new double[0];
        return sum(gather(given)) / microBatches;
    }

    /** The numbers of all ranks. */
    private double[] gather(double[] own) {
        long start = System.nanoTime();
        double[] all = groups.world().gather(own);
        exchangeNanos += System.nanoTime() - start;
        return all;
    }

    private static double sum(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return sum;
    }

    /**
     * Where the first and the last stage hold the same token table, each adds what the other's gradients are: the
     * embedding's and the output matrix's, in this order.
     */
    private void addEnds() {
        Communicator ends = groups.ends();
        if (ends == null) {
            return;
        }
        long start = System.nanoTime();
        int other = 1 - ends.rank();
        ends.sendReceive(endGradients, other, otherEnd, other);
        exchangeNanos += System.nanoTime() - start;
        kernels.elementwise().add(endGradients.size(), otherEnd, endGradients);
    }

    /** This rank's slice of the gradients of a token table that the other end of the pipeline has, too; else empty. */
    private Tensor endGradients() {
        Communicator ends = groups.ends();
        if (ends == null) {
            return arena.allocate(0);
        }
        PartKind kind = ends.rank() == 0 ? PartKind.TABLE : PartKind.HEAD;
        return state.ownGradients(state.plan().slice(state.layout().indexOf(kind, -1)));
    }

    private long waitNanos() {
        return exchange.waitNanos() + pipeline.waitNanos() + tensorAxis.waitNanos() + exchangeNanos;
    }

    /**
     * Completes the weights of ranks that hold all of them and own a slice (ZeRO 1 and 2) after each rank has got its
     * own slice back; does nothing elsewhere. All ranks of the data axis call it, at the same step.
     *
     * @throws dev.troupe.model.parallel.CommunicationException when a peer is lost; the state is undefined then
     */
    public void spreadWeights() {
        state.weights().flat(); // tells the layers that weights have changed
        exchange.spreadWeights();
    }

    /** Bytes of activations, and of what is exchanged with other ranks. */
    public long activationBytes() {
        return arena.bytes()
                + pipeline.bytes()
                + stages.stream().mapToLong(TrainingStage::bytes).sum();
    }

    /** The rank's weights, gradients and moments. */
    public RankState state() {
        return state;
    }

    @Override
    public void close() {
        exchange.close();
        pipeline.close();
        evaluation.close();
        stages.forEach(TrainingStage::close);
        arena.close();
    }
}
