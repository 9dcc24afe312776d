package dev.troupe.model.transformer;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.attention.AttentionShape;
import dev.troupe.model.kernel.attention.KvBlocks;
import dev.troupe.model.kernel.gemm.Gemm;
import dev.troupe.model.kernel.gemm.PackedMatrix;
import dev.troupe.model.kernel.gemm.Transpose;
import dev.troupe.model.layer.Affine;
import dev.troupe.model.layer.BlockParts;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import org.jspecify.annotations.Nullable;

/** One block's packed weights and its keys and values. */
record InferenceLayer(
        Affine attentionNorm,
        PackedLinear qkv,
        KvBlocks kv,
        PackedLinear attentionOut,
        Affine mlpNorm,
        PackedLinear up,
        PackedLinear down) {

    /** A linear layer's matrix, packed as [in, out], and its bias. */
    record PackedLinear(PackedMatrix matrix, @Nullable Tensor bias) {
        static PackedLinear of(Affine weights, Gemm gemm, TensorArena arena) {
            int out = weights.weight().dim(0);
            int in = weights.weight().dim(1);
            return new PackedLinear(gemm.pack(Transpose.YES, in, out, weights.weight(), in, arena), weights.bias());
        }
    }

    static InferenceLayer of(ModelConfig config, BlockParts weights, Gemm gemm, int numKvBlocks, TensorArena arena) {
        AttentionShape shape = new AttentionShape(config.numHeads(), config.numKvHeads(), config.headDim());
        return new InferenceLayer(
                weights.attentionNorm(),
                PackedLinear.of(weights.qkv(), gemm, arena),
                new KvBlocks(shape, numKvBlocks, arena),
                PackedLinear.of(weights.attentionOut(), gemm, arena),
                weights.mlpNorm(),
                PackedLinear.of(weights.up(), gemm, arena),
                PackedLinear.of(weights.down(), gemm, arena));
    }
}
