package dev.troupe.model.layer;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.linear.WeightVersion;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import org.jspecify.annotations.Nullable;

/** One pre-norm block: attention, then the MLP, each added to the residual stream. */
public final class TransformerBlock {
    private final SelfAttention attention;
    private final FeedForward mlp;
    private final Tensor between;
    private final Tensor output;

    /**
     * A block for micro batches of up to {@code maxRows} rows.
     *
     * @param layer number in the whole model; tells dropout masks apart
     * @param gradients null when there will be no backward pass
     * @param rotaryTable null when positions are learned
     * @param activations this block's own, or shared when there will be no backward pass
     * @param version of the weights
     */
    public TransformerBlock(
            int layer,
            ModelConfig config,
            Kernels kernels,
            BlockParts weights,
            @Nullable BlockParts gradients,
            @Nullable Tensor rotaryTable,
            Scratch scratch,
            BlockActivations activations,
            WeightVersion version,
            int maxRows,
            TensorArena arena) {
        // Dropout stream 0 is the embedding's.
        Dropout attentionDropout = new Dropout(kernels, config.dropout(), 1 + 2L * layer);
        Dropout mlpDropout = new Dropout(kernels, config.dropout(), 2 + 2L * layer);
        this.attention = new SelfAttention(
                config,
                kernels,
                weights,
                gradients,
                rotaryTable,
                attentionDropout,
                scratch,
                activations,
                version,
                maxRows,
                arena);
        this.mlp = new FeedForward(
                config, kernels, weights, gradients, mlpDropout, scratch, activations, version, maxRows, arena);
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
