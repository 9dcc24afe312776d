/** Several nodes on this machine, each a JVM of its own, for development, tests and measurements. */
@NullMarked
package dev.troupe.deploy.cluster;

import org.jspecify.annotations.NullMarked;
