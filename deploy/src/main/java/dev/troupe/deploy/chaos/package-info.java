/** Faults from outside: whole processes of a cluster are killed while they train, and what comes of it is compared. */
@NullMarked
package dev.troupe.deploy.chaos;

import org.jspecify.annotations.NullMarked;
