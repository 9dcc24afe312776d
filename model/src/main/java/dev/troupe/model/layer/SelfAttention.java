package dev.troupe.model.layer;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.attention.AttentionShape;
import dev.troupe.model.kernel.linear.Operand;
import dev.troupe.model.parallel.TensorAxis;
import dev.troupe.model.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** The attention half of a block: out = x + project(attend(rotate(qkv(norm(x))))). */
final class SelfAttention {
    private final Kernels kernels;
    private final TensorAxis axis;
    private final AttentionShape shape;
    private final Norm norm;
    private final Linear qkv;
    private final ResidualProjection projection;
    private final @Nullable Tensor rotaryTable;
    private final Scratch scratch;
    private final Operand normed;
    private final Tensor fused;
    private final Tensor heads;
    private final Operand attended;
    private final Tensor logSumExp;

    /** @param rotaryTable null when positions are learned */
    SelfAttention(
            LayerContext context,
            BlockParts weights,
            @Nullable BlockParts gradients,
            @Nullable Tensor rotaryTable,
            Dropout dropout,
            BlockActivations activations) {
        this.kernels = context.kernels();
        this.axis = context.axis();
        this.shape = AttentionShape.of(context.config());
        this.rotaryTable = rotaryTable;
        this.scratch = context.scratch();
        this.norm = context.norm(weights.attentionNorm(), gradients == null ? null : gradients.attentionNorm());
        this.qkv = context.columnSplit(weights.qkv(), gradients == null ? null : gradients.qkv());
        Linear out = context.rowSplit(weights.attentionOut(), gradients == null ? null : gradients.attentionOut());
        this.projection = new ResidualProjection(context, out, dropout);
        this.normed = activations.attentionInput();
        this.fused = activations.fused();
        this.heads = activations.heads();
        this.attended = activations.attended();
        this.logSumExp = activations.logSumExp();
    }

    /** Overwrites out [R, C]; x is needed again by {@link #backward}. */
    void forward(Pass pass, Tensor x, Tensor out) {
        int rows = pass.rows();
        norm.forward(rows, x, normed, scratch.normed());
        qkv.forward(rows, normed, null, fused);
        rotate(pass, fused, false);
        kernels.attention().forward(shape, pass.batch(), pass.time(), fused, heads, logSumExp);
        kernels.linear().store(rows, heads, attended);
        projection.forward(pass, x, attended, out);
    }

    /** Turns d, the gradient of out [R, C], into the gradient of x. */
    void backward(Pass pass, Tensor x, Tensor d) {
        int rows = pass.rows();
        projection.backward(pass, attended, d, scratch.dHeads());
        kernels.attention()
                .backward(
                        shape, pass.batch(), pass.time(), fused, heads, logSumExp, scratch.dHeads(), scratch.dFused());
        rotate(pass, scratch.dFused(), true);
        kernels.linear().store(rows, scratch.dFused(), scratch.dProjected());
        qkv.backward(pass, normed, scratch.dProjected(), scratch.dNormed());
        axis.sum((long) rows * scratch.dNormed().dim(1), scratch.dNormed());
        norm.backward(rows, x, scratch.dNormed(), d);
    }

    private void rotate(Pass pass, Tensor rows, boolean inverse) {
        if (rotaryTable != null) {
            kernels.rotary()
                    .rotate(
                            pass.rows(),
                            shape.numHeads() + shape.numKvHeads(), // queries and keys, not values
                            shape.headDim(),
                            rows,
                            shape.fusedWidth(),
                            pass.positions(),
                            rotaryTable,
                            inverse);
        }
    }
}
