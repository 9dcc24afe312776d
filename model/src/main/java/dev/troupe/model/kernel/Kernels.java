package dev.troupe.model.kernel;

import dev.troupe.model.kernel.activation.Activation;
import dev.troupe.model.kernel.attention.Attention;
import dev.troupe.model.kernel.elementwise.Elementwise;
import dev.troupe.model.kernel.embedding.Embedding;
import dev.troupe.model.kernel.gemm.Gemm;
import dev.troupe.model.kernel.linear.LinearProducts;
import dev.troupe.model.kernel.linear.TensorLinear;
import dev.troupe.model.kernel.loss.CrossEntropy;
import dev.troupe.model.kernel.norm.Normalization;
import dev.troupe.model.kernel.optimizer.AdamWUpdate;
import dev.troupe.model.kernel.quantized.WeightLayout;
import dev.troupe.model.kernel.quantized.WeightProduct;
import dev.troupe.model.kernel.rope.RotaryEmbedding;

/**
 * One provider's implementation of every operation. All of them are deterministic and batch-invariant: the order in
 * which an output element is summed never depends on the number of rows, on the neighbours or on the number of threads.
 *
 * @param name the provider's label: "scalar", "vector", "tornado", "onednn bf16"
 * @param precision of the operands of products
 */
public record Kernels(
        String name,
        Precision precision,
        Gemm gemm,
        LinearProducts linear,
        WeightProduct weightProduct,
        Normalization normalization,
        Attention attention,
        RotaryEmbedding rotary,
        Activation activation,
        CrossEntropy crossEntropy,
        Embedding embedding,
        AdamWUpdate adamW,
        Elementwise elementwise) {
    /** Whether they compute on a device, and keep weights in its memory. */
    public boolean areOfDevice() {
        return weightProduct.layout() == WeightLayout.DEVICE;
    }

    /** Float32, with linear layers by these matrix products. */
    public Kernels(
            String name,
            Precision precision,
            Gemm gemm,
            WeightProduct weightProduct,
            Normalization normalization,
            Attention attention,
            RotaryEmbedding rotary,
            Activation activation,
            CrossEntropy crossEntropy,
            Embedding embedding,
            AdamWUpdate adamW,
            Elementwise elementwise) {
        this(
                name,
                precision,
                gemm,
                new TensorLinear(gemm, activation, elementwise, null),
                weightProduct,
                normalization,
                attention,
                rotary,
                activation,
                crossEntropy,
                embedding,
                adamW,
                elementwise);
    }

    /** These, with other products. */
    public Kernels withProducts(String newName, Precision newPrecision, Gemm newGemm, LinearProducts newLinear) {
        return new Kernels(
                newName,
                newPrecision,
                newGemm,
                newLinear,
                weightProduct,
                normalization,
                attention,
                rotary,
                activation,
                crossEntropy,
                embedding,
                adamW,
                elementwise);
    }
}
