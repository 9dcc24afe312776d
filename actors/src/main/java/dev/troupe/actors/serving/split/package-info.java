/**
 * Replicas whose model is in several parts, in this process and in others. A
 * {@link dev.troupe.actors.serving.split.SplitLayout} seats members and gives the engine a
 * {@link dev.troupe.actors.serving.engine.StepExecutor} that has them all compute each step; a
 * {@link dev.troupe.actors.serving.split.MemberNode} runs the members of other nodes. Messages order and report; what a
 * step computes and activations travel in groups of {@link dev.troupe.actors.transport.DataPlane}.
 */
@NullMarked
package dev.troupe.actors.serving.split;

import org.jspecify.annotations.NullMarked;
