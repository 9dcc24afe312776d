/** Dispatchers' threads that Akka does not have. */
@NullMarked
package dev.troupe.actors.dispatch;

import org.jspecify.annotations.NullMarked;
