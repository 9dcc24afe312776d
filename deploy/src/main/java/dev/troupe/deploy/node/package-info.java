/** A cluster node: an actor system whose roles come from its config. */
@NullMarked
package dev.troupe.deploy.node;

import org.jspecify.annotations.NullMarked;
