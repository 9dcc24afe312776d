/** Who asks: API keys, and a name for each client, by which the queues of replicas let clients take turns. */
@NullMarked
package dev.troupe.routing.access;

import org.jspecify.annotations.NullMarked;
