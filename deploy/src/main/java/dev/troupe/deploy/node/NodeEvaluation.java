package dev.troupe.deploy.node;

import org.jspecify.annotations.Nullable;

/**
 * Evaluation on a node.
 *
 * @param run whose models it has evaluated last; null for none
 * @param model that it evaluates now; null for none
 */
public record NodeEvaluation(@Nullable String run, @Nullable String model) {}
