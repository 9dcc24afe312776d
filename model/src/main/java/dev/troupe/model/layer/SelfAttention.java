package dev.troupe.model.layer;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.attention.AttentionShape;
import dev.troupe.model.kernel.linear.Operand;
import dev.troupe.model.kernel.linear.WeightVersion;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import org.jspecify.annotations.Nullable;

/** The attention half of a block: out = x + project(attend(rotate(qkv(norm(x))))). */
final class SelfAttention {
    private final Kernels kernels;
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
            ModelConfig config,
            Kernels kernels,
            BlockParts weights,
            @Nullable BlockParts gradients,
            @Nullable Tensor rotaryTable,
            Dropout dropout,
            Scratch scratch,
            BlockActivations activations,
            WeightVersion version,
            int maxRows,
            TensorArena arena) {
        this.kernels = kernels;
        this.shape = AttentionShape.of(config);
        this.rotaryTable = rotaryTable;
        this.scratch = scratch;
        this.norm = new Norm(
                config,
                kernels,
                weights.attentionNorm(),
                gradients == null ? null : gradients.attentionNorm(),
                maxRows,
                arena);
        this.qkv = new Linear(kernels, weights.qkv(), gradients == null ? null : gradients.qkv(), version, arena);
        Linear out = new Linear(
                kernels, weights.attentionOut(), gradients == null ? null : gradients.attentionOut(), version, arena);
        this.projection = new ResidualProjection(kernels, out, dropout, scratch);
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
