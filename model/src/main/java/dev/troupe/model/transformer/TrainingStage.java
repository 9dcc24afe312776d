package dev.troupe.model.transformer;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.linear.WeightVersion;
import dev.troupe.model.layer.LanguageModelHead;
import dev.troupe.model.layer.LayerContext;
import dev.troupe.model.layer.Norm;
import dev.troupe.model.layer.Pass;
import dev.troupe.model.layer.RotaryTable;
import dev.troupe.model.layer.Scratch;
import dev.troupe.model.layer.TokenEmbedding;
import dev.troupe.model.sampling.LogProbs;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.transformer.ParameterLayout.PartKind;
import org.jspecify.annotations.Nullable;

/**
 * Forward and backward of a range of layers, for training and evaluation. All memory is allocated when it is built; a
 * step allocates nothing. Works on one micro batch at a time and is not thread-safe.
 *
 * <p>The whole model is used through {@link #forwardBackward} and {@link #evaluate}. As pipeline stages:
 * {@link #forward(int[], int, long)} or {@link #forward(Tensor, int, int, long)} on all but the last,
 * {@link #forwardBackward(Tensor, int, int[], float, long)} on the last, whose {@link #inputGradient} goes to
 * {@link #backward} of the one before, and so on.
 *
 * <p>Layers may multiply with copies of the weights. They are made anew after {@link #startGradients}, for every
 * evaluation, and whenever the weights were asked for to be changed ({@link Parameters#changes}); a tensor of the
 * weights that was asked for earlier may be written before these, not between the micro batches of a step.
 */
public final class TrainingStage implements AutoCloseable {
    private final ModelConfig config;
    private final TensorArena arena = TensorArena.open("train.activations");
    private final Pass pass;
    private final Parameters weights;
    private final WeightVersion version = new WeightVersion();
    private final int time;
    private final StageHooks hooks;
    private final @Nullable TokenEmbedding embedding;
    private final BlockStack blocks;
    private final @Nullable LanguageModelHead head;
    private final int tablePart;
    private final int positionsPart;
    private final int normPart;
    private final int headPart;
    private final Tensor gradient; // [R, C], of the residual stream
    private final @Nullable Tensor tableGradient; // [V, C], of the table as output matrix, where it is kept apart
    private final @Nullable Tensor embeddingGradient; // [V, C], of the table as embedding, then
    private final @Nullable GradientStart gradientStart;
    private final boolean windowed; // gradients
    private final Kernels kernels;
    private long seenChanges; // of the weights
    private int[] tokens = new int[0];
    private Tensor output; // [R, C], of the latest forward pass

    /** A stage that keeps everything, of whole matrices; see the other. */
    public TrainingStage(
            ModelConfig config,
            StageRange range,
            Kernels kernels,
            Parameters weights,
            @Nullable Parameters gradients,
            int batch,
            int time) {
        this(config, range, kernels, weights, gradients, batch, time, StageOptions.DEFAULT);
    }

    /**
     * Allocates everything.
     *
     * @param model the shape of the whole model
     * @param weights at least the parameters of {@code range}, or the axis's shard of them
     * @param gradients of the same range and shard; null for a stage that only evaluates. With windows, those of a part
     *     are this micro batch's alone and mean something from {@link StageHooks#afterBackward} until the part is used
     *     again
     * @param batch most sequences of a micro batch
     * @param time most tokens of a sequence, at most the model's context length
     */
    public TrainingStage(
            ModelConfig model,
            StageRange range,
            Kernels kernels,
            Parameters weights,
            @Nullable Parameters gradients,
            int batch,
            int time,
            StageOptions options) {
        if (time > model.contextLength()) {
            throw new IllegalArgumentException(
                    "sequences of " + time + " tokens in a model with " + model.contextLength() + " positions");
        }
        int maxRows = Math.multiplyExact(batch, time);
        this.config = options.axis().shard().of(model);
        this.time = time;
        this.kernels = kernels;
        this.pass = new Pass(batch, time);
        this.weights = weights;
        this.hooks = options.hooks();
        ParameterLayout layout = weights.layout();
        this.tablePart = layout.indexOf(PartKind.TABLE, -1);
        this.positionsPart = layout.indexOf(PartKind.POSITIONS, -1);
        this.normPart = layout.indexOf(PartKind.FINAL_NORM, -1);
        this.headPart = layout.indexOf(PartKind.HEAD, -1);
        PartBinding w = new PartBinding(config, weights);
        PartBinding g = gradients == null ? null : new PartBinding(config, gradients);
        Scratch scratch = Scratch.allocate(config, kernels, maxRows, gradients != null, arena);
        LayerContext context = new LayerContext(config, kernels, options.axis(), scratch, version, maxRows, arena);
        // As far as sequences reach: a context may be much longer.
        Tensor rotary = config.positions() == PositionKind.ROTARY
                ? RotaryTable.whole(config.withContextLength(time), arena)
                : null;
        this.embedding = range.hasEmbedding()
                ? new TokenEmbedding(context, model.vocabSize(), w.embedding(), g == null ? null : g.embedding())
                : null;
        this.blocks = new BlockStack(context, range, w, g, rotary, options, layout);
        boolean tied = model.tiedEmbeddings() && range.hasEmbedding() && range.hasHead();
        boolean apart = tied && options.separateTable() && g != null;
        this.tableGradient = apart ? arena.allocate(config.vocabSize(), config.dim()) : null;
        this.embeddingGradient = apart && g != null ? g.embedding().tokens() : null;
        if (range.hasHead()) {
            Norm norm = context.norm(w.finalNorm(), g == null ? null : g.finalNorm());
            Tensor headGradient = tableGradient != null || g == null ? tableGradient : g.head();
            this.head = new LanguageModelHead(context, model.vocabSize(), norm, w.head(), headGradient);
        } else {
            this.head = null;
        }
        this.windowed = gradients != null && gradients.layout().isWindowed();
        pass.overwriteGradients(windowed);
        this.gradientStart = gradients == null ? null : new GradientStart(gradients, tied && !apart, kernels);
        this.gradient = arena.allocate(gradients == null ? 0 : maxRows, config.dim());
        this.output = gradient;
    }

    /**
     * Lets gradients start at zero: those of weight matrices are overwritten by the next backward pass, the others are
     * zeroed now. Between this call and the end of that pass the gradients mean nothing.
     */
    public void startGradients() {
        if (gradientStart == null) {
            throw new IllegalStateException("this stage was built for evaluation, without gradients");
        }
        if (!windowed) {
            gradientStart.zeroOthers();
        }
        version.advance();
        pass.overwriteGradients(true);
    }

    /** Says that weights were changed by other means than {@link Parameters}. */
    public void weightsChanged() {
        version.advance();
    }

    /** Adds what the token table got as output matrix to what it got as embedding, where the two are kept apart. */
    public void joinTableGradients() {
        if (tableGradient != null && embeddingGradient != null) {
            kernels.elementwise().add(tableGradient.size(), tableGradient, embeddingGradient);
        }
    }

    /**
     * Forward and backward of the whole model; adds gradientScale · d(mean loss)/dw to the gradients.
     *
     * @param inputs [B·T] with T as given to the constructor; B may be smaller
     * @param targets [B·T]; -1 is ignored
     * @param dropoutSeed chooses this micro batch's dropout masks
     * @return the mean loss over targets that count, in nats
     */
    public double forwardBackward(int[] inputs, int[] targets, float gradientScale, long dropoutSeed) {
        return forwardBackward(inputs, time, targets, gradientScale, dropoutSeed);
    }

    /** As the other, with sequences of {@code seqTime} tokens. */
    public double forwardBackward(int[] inputs, int seqTime, int[] targets, float gradientScale, long dropoutSeed) {
        forward(inputs, seqTime, dropoutSeed);
        double loss = headForwardBackward(targets, gradientScale);
        backwardLayers();
        return loss;
    }

    /** Mean loss of the whole model without dropout or gradients. */
    public double evaluate(int[] inputs, int[] targets) {
        return evaluate(inputs, time, targets);
    }

    /** As the other, with sequences of {@code seqTime} tokens. */
    public double evaluate(int[] inputs, int seqTime, int[] targets) {
        requireSameLength(inputs, targets);
        Tensor stream = forwardWithoutDropout(inputs, seqTime);
        beforeHead(false);
        return head().forward(pass, stream, targets);
    }

    /**
     * Natural log-probability of each target after its input (0 where it is -1), summed exactly as {@link LogProbs}
     * does when serving.
     */
    public double[] logProbs(int[] inputs, int seqTime, int[] targets) {
        requireSameLength(inputs, targets);
        double[] logProbs = new double[targets.length];
        readLogits(inputs, seqTime, (firstRow, numRows, logits) -> {
            for (int row = 0; row < numRows; row++) {
                int target = targets[firstRow + row];
                logProbs[firstRow + row] = target < 0 ? 0 : LogProbs.logProb(logits, row, target);
            }
        });
        return logProbs;
    }

    /** Shows the logits of all rows of the whole model, without dropout, chunk by chunk. */
    public void readLogits(int[] inputs, int seqTime, LanguageModelHead.LogitsReader reader) {
        Tensor stream = forwardWithoutDropout(inputs, seqTime);
        beforeHead(false);
        head().readLogits(pass, stream, reader);
    }

    /** Loss of each token of the last micro batch, [B·T] of the largest size; 0 where the target was ignored. */
    public Tensor tokenLosses() {
        return head().losses();
    }

    /** First stage: the residual stream [R, C] after its layers, valid until the next call. */
    public Tensor forward(int[] inputs, int seqTime, long dropoutSeed) {
        beginTraining(batchOf(inputs, seqTime), seqTime, dropoutSeed);
        return forwardTokens(inputs);
    }

    /** A later stage: the residual stream after its layers. {@code hidden} [R, C] must stay until the backward pass. */
    public Tensor forward(Tensor hidden, int batch, int seqTime, long dropoutSeed) {
        beginTraining(batch, seqTime, dropoutSeed);
        return forwardLayers(hidden);
    }

    /** The last stage: as the whole model's, from the residual stream on; then {@link #inputGradient} has dHidden. */
    public double forwardBackward(Tensor hidden, int seqTime, int[] targets, float gradientScale, long dropoutSeed) {
        forward(hidden, batchOf(targets, seqTime), seqTime, dropoutSeed);
        double loss = headForwardBackward(targets, gradientScale);
        backwardLayers();
        return loss;
    }

    /**
     * First stage: the residual stream [R, C] after its layers, without dropout, valid until the next call. No backward
     * pass may follow. Layers multiply with the weights as they were at the latest {@link #weightsChanged}, or later.
     */
    public Tensor evaluateLayers(int[] inputs, int seqTime) {
        pass.beginEvaluation(batchOf(inputs, seqTime), seqTime);
        return forwardTokens(inputs);
    }

    /** The same of a later stage. */
    public Tensor evaluateLayers(Tensor hidden, int batch, int seqTime) {
        pass.beginEvaluation(batch, seqTime);
        return forwardLayers(hidden);
    }

    /** The last stage, after {@link #evaluateLayers}: the mean loss; {@link #tokenLosses} has each token's. */
    public double evaluateHead(int[] targets) {
        beforeHead(false);
        return head().forward(pass, output, targets);
    }

    /** A stage without head: backward of its last forward pass, from the gradient of its output [R, C]. */
    public void backward(Tensor dHidden) {
        if (dHidden != gradient) {
            gradient.copyFrom(dHidden);
        }
        backwardLayers();
    }

    /** The gradient of the stage's input [R, C] after a backward pass, in the layout of its largest micro batch. */
    public Tensor inputGradient() {
        return gradient;
    }

    /** The shape that is computed here: the model's, or a tensor shard's of it. */
    public ModelConfig config() {
        return config;
    }

    /** Bytes of activations. */
    public long bytes() {
        return arena.bytes();
    }

    @Override
    public void close() {
        arena.close();
    }

    private double headForwardBackward(int[] targets, float gradientScale) {
        if (targets.length != pass.rows()) {
            throw new IllegalArgumentException(targets.length + " targets for " + pass.rows() + " tokens");
        }
        beforeHead(true);
        double loss = head().forwardBackward(pass, output, targets, gradientScale, gradient);
        if (headPart >= 0) {
            hooks.afterBackward(headPart);
        }
        hooks.afterBackward(normPart);
        return loss;
    }

    /** The head goes forward and backward at once. A tied table is its output matrix. */
    private void beforeHead(boolean training) {
        int matrix = headPart >= 0 ? headPart : tablePart;
        hooks.beforeForward(normPart);
        hooks.beforeForward(matrix);
        if (training) {
            beforeBackward(normPart);
            if (headPart >= 0) {
                beforeBackward(headPart);
            }
        }
    }

    private void beforeBackward(int part) {
        hooks.beforeBackward(part);
        if (windowed && gradientStart != null) {
            gradientStart.zeroOthers(part);
        }
    }

    private Tensor forwardWithoutDropout(int[] inputs, int seqTime) {
        pass.beginEvaluation(batchOf(inputs, seqTime), seqTime);
        version.advance();
        return forwardTokens(inputs);
    }

    private void beginTraining(int batch, int seqTime, long dropoutSeed) {
        pass.beginTraining(batch, seqTime, dropoutSeed);
        long changes = weights.changes();
        if (changes != seenChanges) {
            seenChanges = changes;
            version.advance();
        }
    }

    private Tensor forwardTokens(int[] inputs) {
        if (embedding == null) {
            throw new IllegalStateException("this stage has no embedding: give it the stage before's output");
        }
        tokens = inputs;
        hooks.beforeForward(tablePart);
        if (positionsPart >= 0) {
            hooks.beforeForward(positionsPart);
        }
        return forwardLayers(embedding.forward(pass, inputs));
    }

    private Tensor forwardLayers(Tensor x) {
        output = blocks.forward(pass, x);
        return output;
    }

    private void backwardLayers() {
        blocks.backward(pass, gradient, this::beforeBackward);
        if (embedding != null) {
            beforeBackward(tablePart);
            if (positionsPart >= 0) {
                beforeBackward(positionsPart);
            }
            embedding.backward(pass, tokens, gradient);
            if (positionsPart >= 0) {
                hooks.afterBackward(positionsPart);
            }
            hooks.afterBackward(tablePart);
        }
        pass.overwriteGradients(windowed);
    }

    private LanguageModelHead head() {
        if (head == null) {
            throw new IllegalStateException("this stage has no head");
        }
        return head;
    }

    private static int batchOf(int[] inputs, int seqTime) {
        if (inputs.length % seqTime != 0) {
            throw new IllegalArgumentException(inputs.length + " tokens are not whole sequences of " + seqTime);
        }
        return inputs.length / seqTime;
    }

    private static void requireSameLength(int[] inputs, int[] targets) {
        if (inputs.length != targets.length) {
            throw new IllegalArgumentException(inputs.length + " inputs, but " + targets.length + " targets");
        }
    }
}
