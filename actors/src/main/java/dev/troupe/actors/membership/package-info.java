/** Which nodes are a cluster, and how those come together again that a split-brain resolver has removed. */
@NullMarked
package dev.troupe.actors.membership;

import org.jspecify.annotations.NullMarked;
