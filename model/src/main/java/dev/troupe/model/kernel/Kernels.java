package dev.troupe.model.kernel;

import dev.troupe.model.kernel.activation.Activation;
import dev.troupe.model.kernel.attention.Attention;
import dev.troupe.model.kernel.elementwise.Elementwise;
import dev.troupe.model.kernel.embedding.Embedding;
import dev.troupe.model.kernel.gemm.Gemm;
import dev.troupe.model.kernel.loss.CrossEntropy;
import dev.troupe.model.kernel.norm.Normalization;
import dev.troupe.model.kernel.optimizer.AdamWUpdate;
import dev.troupe.model.kernel.quantized.WeightProduct;
import dev.troupe.model.kernel.rope.RotaryEmbedding;

/**
 * One provider's implementation of every operation. All of them are deterministic and batch-invariant: the order in
 * which an output element is summed never depends on the number of rows, on the neighbours or on the number of threads.
 *
 * @param name the provider's name: "scalar", "vector", "tornado"
 */
public record Kernels(
        String name,
        Gemm gemm,
        WeightProduct weightProduct,
        Normalization normalization,
        Attention attention,
        RotaryEmbedding rotary,
        Activation activation,
        CrossEntropy crossEntropy,
        Embedding embedding,
        AdamWUpdate adamW,
        Elementwise elementwise) {}
