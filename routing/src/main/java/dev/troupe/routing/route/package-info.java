/**
 * The router actor: which replicas serve which model, which one takes a request, and what happens when it dies. Reads
 * the receptionist and the replicas' events, tells one client per sequence of its tokens.
 */
@NullMarked
package dev.troupe.routing.route;

import org.jspecify.annotations.NullMarked;
