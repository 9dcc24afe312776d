package dev.troupe.model.plan;

/** What of a layer's activations is thrown away in forward and computed again in backward (arXiv:2205.05198). */
public enum Recompute {
    /** Nothing: everything that backward reads is kept. */
    NONE,
    /** Attention's scores and what follows from them. What FlashAttention (arXiv:2205.14135) keeps is as much. */
    SELECTIVE,
    /** All but the input of each layer. */
    FULL
}
