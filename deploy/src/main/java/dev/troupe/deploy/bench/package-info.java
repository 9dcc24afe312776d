/**
 * What {@code ./troupe bench serve} measures: closed loops and open ones on the bare engine and up to HTTP, and what
 * shared prefixes and guessing save; what {@code ./troupe bench transport} measures: tensors between two JVMs; and what
 * {@code ./troupe bench soak} looks for: whether anything grows under a mix of requests.
 */
@NullMarked
package dev.troupe.deploy.bench;

import org.jspecify.annotations.NullMarked;
