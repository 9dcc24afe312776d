/**
 * Memory that the actors of a run share on one node, and the tickets that stand for it in messages: an actor message
 * never carries numbers of a tensor.
 */
@NullMarked
package dev.troupe.actors.training.exchange;

import org.jspecify.annotations.NullMarked;
