package dev.troupe.model.layer;

import dev.troupe.model.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** One pre-norm block: attention, then the MLP, each added to the residual stream. */
public final class TransformerBlock {
    private final SelfAttention attention;
    private final FeedForward mlp;
    private final Tensor between;
    private final Tensor output;

    /**
     * A block.
     *
     * @param layer number in the whole model; tells dropout masks apart
     * @param gradients null when there will be no backward pass
     * @param rotaryTable null when positions are learned
     * @param activations this block's own, or shared with blocks that will be done with them before
     */
    public TransformerBlock(
            LayerContext context,
            int layer,
            BlockParts weights,
            @Nullable BlockParts gradients,
            @Nullable Tensor rotaryTable,
            BlockActivations activations) {
        // Dropout stream 0 is the embedding's.
        float rate = context.config().dropout();
        Dropout attentionDropout = new Dropout(context.kernels(), rate, 1 + 2L * layer);
        Dropout mlpDropout = new Dropout(context.kernels(), rate, 2 + 2L * layer);
        this.attention = new SelfAttention(context, weights, gradients, rotaryTable, attentionDropout, activations);
        this.mlp = new FeedForward(context, weights, gradients, mlpDropout, activations);
        this.between = activations.between();
        this.output = activations.output();
    }

    /** The residual stream after this block, [R, C]; valid until the next forward pass. x must stay until backward. */
    public Tensor forward(Pass pass, Tensor x) {
        attention.forward(pass, x, between);
        mlp.forward(pass, between, output);
        return output;
    }

    /** Turns d, the gradient of the output [R, C], into the gradient of x. */
    public void backward(Pass pass, Tensor x, Tensor d) {
        mlp.backward(pass, between, d);
        attention.backward(pass, x, d);
    }
}
