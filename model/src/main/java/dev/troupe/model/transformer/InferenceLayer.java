package dev.troupe.model.transformer;

import dev.troupe.model.kernel.attention.KvBlocks;
import dev.troupe.model.layer.Affine;

/** One block's weights as they are used, and its keys and values. */
record InferenceLayer(
        Affine attentionNorm,
        ServedLinear qkv,
        KvBlocks kv,
        ServedLinear attentionOut,
        Affine mlpNorm,
        ServedLinear up,
        ServedLinear down) {}
