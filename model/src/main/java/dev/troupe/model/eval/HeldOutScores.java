package dev.troupe.model.eval;

/**
 * What one pass over held-out windows says of a model.
 *
 * @param loss mean cross-entropy, nats a token
 * @param tokens predicted
 * @param bytes of text that these tokens stand for, UTF-8
 * @param earlyLoss of the tokens in the first quarter of each window, nats a token
 * @param lateLoss of those in the last quarter
 */
public record HeldOutScores(double loss, long tokens, long bytes, double earlyLoss, double lateLoss) {}
