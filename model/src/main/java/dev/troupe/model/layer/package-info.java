/**
 * The parts of a decoder-only transformer for training: each computes its forward and its backward pass explicitly,
 * keeps the activations that the backward pass needs in tensors allocated once, and adds to the gradients of its
 * weights.
 *
 * <p>Legend of shapes: B sequences, T tokens each, R = B·T rows, C model width, H heads, KV key-value heads, D head
 * width, F inner width of the MLP, V vocabulary.
 */
@NullMarked
package dev.troupe.model.layer;

import org.jspecify.annotations.NullMarked;
