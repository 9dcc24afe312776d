package dev.troupe.model.layer;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.linear.LinearProducts;
import dev.troupe.model.kernel.linear.LinearWeight;
import dev.troupe.model.kernel.linear.Operand;
import dev.troupe.model.kernel.loss.CrossEntropy;
import dev.troupe.model.parallel.TensorAxis;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import org.jspecify.annotations.Nullable;

/**
 * The end of the model: final norm, logits, cross-entropy. Logits of all rows at once may not fit ([R, V] with R =
 * 2,048 and V = 50,304 is 412 MB), so rows go through in chunks, each forward and backward while its logits are there.
 * A chunk's size depends on the model and the largest batch alone, so sums keep their order from step to step.
 */
public final class LanguageModelHead {
    private static final int MAX_LOGITS = 16 << 20; // elements: 64 MiB
    private static final int CHUNK_ROW_MULTIPLE = 16;

    /** Reads the logits of a chunk of rows. */
    @FunctionalInterface
    public interface LogitsReader {
        /**
         * Is given one chunk.
         *
         * @param firstRow of the chunk, in the micro batch
         * @param logits [numRows or more, V], valid during the call
         */
        void read(int firstRow, int numRows, Tensor logits);
    }

    private final Kernels kernels;
    private final int dim;
    private final int vocab;
    private final Norm norm;
    private final LinearWeight weight; // [V, C]
    private final @Nullable Tensor gradient; // [V, C]
    private final int chunkRows;
    private final Tensor normed; // [R, C]
    private final Tensor dNormed; // [R, C]
    private final Operand normedOperand; // [chunkRows, C], of the chunk under way
    private final Tensor logits; // [chunkRows, V]
    private final Operand logitsOperand; // their gradient, of the chunk under way
    private final Tensor losses; // [R]
    private final int[] chunkTargets;
    private final Tensor[] normedChunks;
    private final Tensor[] dNormedChunks;
    private final Tensor[] lossChunks;
    private final TensorAxis axis;
    private final @Nullable SplitCrossEntropy split;

    /**
     * Allocates for micro batches of the context's size.
     *
     * @param vocabulary tokens of the whole model
     * @param norm the final norm
     * @param weight [V, C]: the output matrix, or the token table it is tied to; or a shard's rows of it
     * @param gradient null when there will be no backward pass
     */
    public LanguageModelHead(
            LayerContext context, int vocabulary, Norm norm, Tensor weight, @Nullable Tensor gradient) {
        TensorArena arena = context.arena();
        int maxRows = context.maxRows();
        this.kernels = context.kernels();
        this.dim = context.config().dim();
        this.vocab = context.config().vocabSize();
        this.norm = norm;
        this.weight = kernels.linear().weight(weight, context.version(), gradient != null, arena);
        this.gradient = gradient;
        int fitting = Math.max(CHUNK_ROW_MULTIPLE, MAX_LOGITS / vocab / CHUNK_ROW_MULTIPLE * CHUNK_ROW_MULTIPLE);
        this.chunkRows = Math.min(maxRows, fitting);
        this.normed = arena.allocate(maxRows, dim);
        this.dNormed = context.scratch().dNormed();
        this.normedOperand = kernels.linear().reference(chunkRows, dim, arena);
        this.logits = arena.allocate(chunkRows, vocab);
        this.logitsOperand = kernels.linear().reference(gradient == null ? 0 : chunkRows, vocab, arena);
        this.losses = arena.allocate(maxRows);
        this.chunkTargets = new int[chunkRows];
        this.normedChunks = chunks(normed, maxRows, dim);
        this.dNormedChunks = gradient == null ? new Tensor[0] : chunks(dNormed, maxRows, dim);
        this.lossChunks = chunks(losses, maxRows, 1);
        this.axis = context.axis();
        this.split = axis.isSplit()
                ? new SplitCrossEntropy(kernels.crossEntropy(), axis, vocabulary, chunkRows, arena)
                : null;
    }

    private Tensor[] chunks(Tensor rows, int maxRows, int width) {
        Tensor[] chunks = new Tensor[Math.ceilDiv(maxRows, chunkRows)];
        for (int i = 0; i < chunks.length; i++) {
            int first = i * chunkRows;
            chunks[i] = rows.view((long) first * width, Math.min(chunkRows, maxRows - first), width);
        }
        return chunks;
    }

    /** Loss of each row [R] of the last pass, 0 where the target was ignored. */
    public Tensor losses() {
        return losses;
    }

    /** Mean loss over the rows whose target counts, 0 when none does. */
    public double forward(Pass pass, Tensor x, int[] targets) {
        norm.forward(pass.rows(), x, normed);
        for (int first = 0; first < pass.rows(); first += chunkRows) {
            int rows = computeLogits(pass, first);
            System.arraycopy(targets, first, chunkTargets, 0, rows);
            Tensor chunkLosses = lossChunks[first / chunkRows];
            if (split != null) {
                split.forward(rows, logits, chunkTargets, chunkLosses);
            } else {
                kernels.crossEntropy().forward(rows, vocab, logits, chunkTargets, chunkLosses);
            }
        }
        return meanLoss(pass.rows(), targets);
    }

    /**
     * As {@link #forward}, and overwrites dx [R, C] with scale · d(mean loss)/dx and adds scale · d(mean loss)/dw to
     * the gradients (of the output matrix: overwrites, when the pass says so).
     */
    public double forwardBackward(Pass pass, Tensor x, int[] targets, float scale, Tensor dx) {
        Tensor dWeight = Gradients.required(gradient);
        LinearProducts linear = kernels.linear();
        int counted = counted(pass.rows(), targets);
        float rowScale = counted == 0 ? 0 : scale / counted;
        norm.forward(pass.rows(), x, normed);
        for (int first = 0; first < pass.rows(); first += chunkRows) {
            int chunk = first / chunkRows;
            int rows = computeLogits(pass, first);
            System.arraycopy(targets, first, chunkTargets, 0, rows);
            if (split != null) {
                split.forwardBackward(rows, logits, chunkTargets, rowScale, lossChunks[chunk]);
            } else {
                kernels.crossEntropy().forwardBackward(rows, vocab, logits, chunkTargets, rowScale, lossChunks[chunk]);
            }
            linear.store(rows, logits, logitsOperand);
            linear.inputGradient(rows, logitsOperand, weight, dNormedChunks[chunk]);
            boolean add = first > 0 || !pass.overwritesGradients();
            linear.weightGradient(rows, logitsOperand, normedOperand, dWeight, add, null);
        }
        axis.sum((long) pass.rows() * dim, dNormed);
        kernels.elementwise().zero(0, (long) pass.rows() * dim, dx);
        norm.backward(pass.rows(), x, dNormed, dx);
        return meanLoss(pass.rows(), targets);
    }

    /** Shows the logits of every row, chunk by chunk. Not where the vocabulary is split. */
    public void readLogits(Pass pass, Tensor x, LogitsReader reader) {
        if (split != null) {
            throw new IllegalStateException("the vocabulary is split over " + axis.size() + " ranks");
        }
        norm.forward(pass.rows(), x, normed);
        for (int first = 0; first < pass.rows(); first += chunkRows) {
            reader.read(first, computeLogits(pass, first), logits);
        }
    }

    /** Overwrites the logits with those of the chunk that starts at row {@code first}; returns its number of rows. */
    private int computeLogits(Pass pass, int first) {
        int rows = Math.min(chunkRows, pass.rows() - first);
        kernels.linear().store(rows, normedChunks[first / chunkRows], normedOperand);
        kernels.linear().forward(rows, normedOperand, weight, null, null, logits);
        return rows;
    }

    private double meanLoss(int rows, int[] targets) {
        double sum = 0;
        for (int row = 0; row < rows; row++) {
            sum += losses.get(row);
        }
        return sum / Math.max(1, counted(rows, targets));
    }

    private static int counted(int rows, int[] targets) {
        int counted = 0;
        for (int row = 0; row < rows; row++) {
            counted += targets[row] == CrossEntropy.IGNORE ? 0 : 1;
        }
        return counted;
    }
}
