/**
 * The durable record of which models exist and which one serves: an event-sourced actor on a JDBC journal (H2 in a
 * file, or PostgreSQL). Written to after an evaluation, read by whoever loads a model.
 */
@NullMarked
package dev.troupe.actors.registry;

import org.jspecify.annotations.NullMarked;
