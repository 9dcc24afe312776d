package dev.troupe.model.optim;

/** Takes the optimizer's steps over one shard: a range of parameters and their moments. */
@FunctionalInterface
public interface ShardUpdate {
    /**
     * Takes a step: weights and moments of the shard change, gradients do not.
     *
     * @return steps taken so far
     */
    long update(UpdateOrder order);
}
