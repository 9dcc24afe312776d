package dev.troupe.model.transformer;

import dev.troupe.model.layer.BlockActivations;
import dev.troupe.model.layer.LayerContext;
import dev.troupe.model.layer.Pass;
import dev.troupe.model.layer.TransformerBlock;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.transformer.ParameterLayout.PartKind;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The blocks of a stage, one after the other, forward and backward. With recomputation they form segments of so many
 * blocks, which share one set of activations: forward, the input of each segment is kept; backward, a segment whose
 * activations another has overwritten is run again from there. The same operations on the same numbers give the same
 * bits.
 */
final class BlockStack {
    private static final int NONE = -1;

    private final List<TransformerBlock> blocks = new ArrayList<>();
    private final Tensor[] inputs; // of each block in the pass under way
    private final int segment; // blocks of one
    private final Tensor[] kept; // [R, C], the input of each segment but the first
    private final StageHooks hooks;
    private final int firstPart;

    /**
     * Allocates.
     *
     * @param range of the layers
     * @param rotaryTable null when positions are learned
     * @param layout of the weights
     */
    BlockStack(
            LayerContext context,
            StageRange range,
            PartBinding weights,
            @Nullable PartBinding gradients,
            @Nullable Tensor rotaryTable,
            StageOptions options,
            ParameterLayout layout) {
        int count = range.numLayers();
        boolean trains = gradients != null;
        this.segment = trains && options.recomputeLayers() > 0 ? Math.min(options.recomputeLayers(), count) : count;
        this.hooks = options.hooks();
        this.firstPart = layout.indexOf(PartKind.BLOCK, range.firstLayer());
        List<BlockActivations> activations = new ArrayList<>();
        for (int i = 0; i < (trains ? segment : Math.min(1, count)); i++) {
            activations.add(
                    BlockActivations.allocate(context.config(), context.kernels(), context.maxRows(), context.arena()));
        }
        for (int i = 0; i < count; i++) {
            int layer = range.firstLayer() + i;
            blocks.add(new TransformerBlock(
                    context,
                    layer,
                    weights.block(layer),
                    gradients == null ? null : gradients.block(layer),
                    rotaryTable,
                    activations.get(i % activations.size())));
        }
        this.inputs = new Tensor[count];
        this.kept = new Tensor[trains && count > 0 ? Math.ceilDiv(count, segment) : 0];
        for (int i = 1; i < kept.length; i++) {
            kept[i] =
                    context.arena().allocate(context.maxRows(), context.config().dim());
        }
    }

    /** The residual stream [R, C] after the blocks; valid until the next call. x must stay until the backward pass. */
    Tensor forward(Pass pass, Tensor x) {
        Tensor stream = x;
        for (int i = 0; i < blocks.size(); i++) {
            if (i > 0 && i % segment == 0 && kept.length > 0) {
                long elements = (long) pass.rows() * stream.dim(1);
                Tensor input = kept[i / segment];
                input.view(0, (int) elements).copyFrom(stream.view(0, (int) elements));
                stream = input;
            }
            stream = run(pass, i, i + 1, stream);
        }
        return stream;
    }

    /**
     * Turns d, the gradient of the output of the last forward pass, into that of its input.
     *
     * @param beforeBackward is told each part before
     */
    void backward(Pass pass, Tensor d, IntConsumer beforeBackward) {
        for (int first = (kept.length - 1) * segment; first >= 0; first -= segment) {
            int end = Math.min(first + segment, blocks.size());
            if (end < blocks.size()) {
                Tensor stream = inputs[first];
                for (int i = first; i < end; i++) {
                    stream = run(pass, i, i + 1 < end ? i + 1 : NONE, stream);
                }
            }
            for (int i = end - 1; i >= first; i--) {
                beforeBackward.accept(firstPart + i);
                expect(i > first ? i - 1 : first - segment);
                blocks.get(i).backward(pass, inputs[i], d);
                hooks.afterBackward(firstPart + i);
            }
        }
    }

    private void expect(int block) {
        if (block >= 0 && block < blocks.size()) {
            hooks.expect(firstPart + block);
        }
    }

    private Tensor run(Pass pass, int block, int next, Tensor x) {
        hooks.beforeForward(firstPart + block);
        expect(next);
        inputs[block] = x;
        return blocks.get(block).forward(pass, x);
    }
}
