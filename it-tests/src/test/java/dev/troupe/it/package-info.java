/** Whole processes of the distribution: what a user starts, kills, calls and sees. */
@NullMarked
package dev.troupe.it;

import org.jspecify.annotations.NullMarked;
