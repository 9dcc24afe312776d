package dev.troupe.model.layer;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.parallel.TensorAxis;
import dev.troupe.model.parallel.TensorShard;
import dev.troupe.model.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The start of the residual stream: token rows, plus position rows where positions are learned, under dropout. On a
 * split axis each rank looks up the tokens it has, and the rows are summed.
 */
public final class TokenEmbedding {
    /**
     * The tables, or their gradients.
     *
     * @param tokens [V, C], or a shard's rows of it
     * @param positions [contextLength, C], null when positions are rotary
     */
    public record Tables(Tensor tokens, @Nullable Tensor positions) {}

    private final Kernels kernels;
    private final TensorAxis axis;
    private final int dim;
    private final Tables weights;
    private final @Nullable Tables gradients;
    private final Dropout dropout;
    private final Tensor output; // [R, C]
    private final int firstToken; // of this shard
    private final int endToken;
    private final int[] rowsOfTable; // [R], of the micro batch under way, where the table is split

    /**
     * An embedding of these tables.
     *
     * @param vocabulary tokens of the whole table
     * @param gradients null when there will be no backward pass
     */
    public TokenEmbedding(LayerContext context, int vocabulary, Tables weights, @Nullable Tables gradients) {
        TensorShard shard = context.axis().shard();
        this.kernels = context.kernels();
        this.axis = context.axis();
        this.dim = context.config().dim();
        this.weights = weights;
        this.gradients = gradients;
        this.dropout = new Dropout(kernels, context.config().dropout(), 0);
        this.output = context.arena().allocate(context.maxRows(), dim);
        this.firstToken = shard.begin(vocabulary);
        this.endToken = shard.end(vocabulary);
        this.rowsOfTable = new int[axis.isSplit() ? context.maxRows() : 0];
    }

    /** The residual stream [R, C]; valid until the next forward pass. */
    public Tensor forward(Pass pass, int[] tokens) {
        int rows = pass.rows();
        if (axis.isSplit()) {
            gatherOwn(rows, tokens);
            axis.sum((long) rows * dim, output);
        } else {
            kernels.embedding().gather(rows, dim, tokens, weights.tokens(), output, false);
        }
        Tensor positions = weights.positions();
        if (positions != null) {
            kernels.embedding().gather(rows, dim, pass.positions(), positions, output, true);
        }
        if (dropout.active(pass)) {
            dropout.apply(pass, (long) rows * dim, output);
        }
        return output;
    }

    /** Adds to the tables' gradients; d, the gradient of the output [R, C], is used up. */
    public void backward(Pass pass, int[] tokens, Tensor d) {
        int rows = pass.rows();
        Tables g = Gradients.required(gradients);
        if (dropout.active(pass)) {
            dropout.apply(pass, (long) rows * dim, d);
        }
        if (g.positions() != null) {
            kernels.embedding().scatterAdd(rows, dim, pass.positions(), d, g.positions());
        }
        if (axis.isSplit()) {
            findOwn(rows, tokens);
            zeroOthers(rows, tokens, d);
            kernels.embedding().scatterAdd(rows, dim, rowsOfTable, d, g.tokens());
        } else {
            kernels.embedding().scatterAdd(rows, dim, tokens, d, g.tokens());
        }
    }

    /** Rows of tokens that other ranks have are zero. */
    private void gatherOwn(int rows, int[] tokens) {
        findOwn(rows, tokens);
        kernels.embedding().gather(rows, dim, rowsOfTable, weights.tokens(), output, false);
        zeroOthers(rows, tokens, output);
    }

    private void findOwn(int rows, int[] tokens) {
        for (int row = 0; row < rows; row++) {
            rowsOfTable[row] = isOwn(tokens[row]) ? tokens[row] - firstToken : 0;
        }
    }

    private void zeroOthers(int rows, int[] tokens, Tensor x) {
        for (int row = 0; row < rows; row++) {
            if (!isOwn(tokens[row])) {
                x.view((long) row * dim, dim).zero();
            }
        }
    }

    private boolean isOwn(int token) {
        return token >= firstToken && token < endToken;
    }
}
