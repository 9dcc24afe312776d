/** A router node in the test's own process, with replicas that answer by script. */
@NullMarked
package dev.troupe.routing.harness;

import org.jspecify.annotations.NullMarked;
