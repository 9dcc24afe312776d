/** Tests of the scheduling policy. */
@NullMarked
package dev.troupe.actors.serving.batch;

import org.jspecify.annotations.NullMarked;
