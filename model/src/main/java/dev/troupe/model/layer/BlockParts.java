package dev.troupe.model.layer;

/**
 * The parameters of one transformer block, or their gradients.
 *
 * @param qkv weight [(H + 2·KV)·D, C]
 * @param attentionOut weight [C, H·D]
 * @param up weight [F, C] (GELU) or [2·F, C], gate then up (SwiGLU)
 * @param down weight [C, F]
 */
public record BlockParts(
        Affine attentionNorm, Affine qkv, Affine attentionOut, Affine mlpNorm, Affine up, Affine down) {}
