/**
 * Moves tensors between ranks: by reference within a JVM, over sockets of their own between JVMs, past the actors.
 * Reads and writes tensors' memory where it lies. What is done with it is said in {@link dev.troupe.actors.collective}
 * (docs/adr/0009-tensor-transport.md).
 */
@NullMarked
package dev.troupe.actors.transport;

import org.jspecify.annotations.NullMarked;
