/**
 * Regular expressions that anyone may write and no text can make slow: a restricted syntax compiled to a
 * non-deterministic automaton that reads each character once (Thompson, CACM 11(6), 1968). No backtracking, and every
 * pattern has a longest match, so a stream is held back by no more than that.
 */
@NullMarked
package dev.troupe.safety.pattern;

import org.jspecify.annotations.NullMarked;
