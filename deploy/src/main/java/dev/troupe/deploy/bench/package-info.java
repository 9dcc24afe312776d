/**
 * What {@code ./troupe bench serve} measures: closed loops of requests on the bare engine and over HTTP, and what
 * shared prefixes and guessing save.
 */
@NullMarked
package dev.troupe.deploy.bench;

import org.jspecify.annotations.NullMarked;
