/**
 * From a stream of tokens to a stream of text: whole characters only, stop strings held back, safety filters applied.
 * No actors.
 */
@NullMarked
package dev.troupe.routing.stream;

import org.jspecify.annotations.NullMarked;
