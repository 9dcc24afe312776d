/** Model replicas: actors that continue sequences, many at a time. */
@NullMarked
package dev.troupe.actors.serving;

import org.jspecify.annotations.NullMarked;
