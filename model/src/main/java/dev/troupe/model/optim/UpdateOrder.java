package dev.troupe.model.optim;

/**
 * What an update is told that is not the same for all.
 *
 * @param lossScale that the gradients are multiplied with
 * @param gradientNorm L2 norm over all shards without it, for clipping
 */
public record UpdateOrder(double learningRate, double lossScale, double gradientNorm) {}
