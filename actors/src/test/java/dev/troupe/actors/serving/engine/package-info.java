/** Tests of the engine. */
@NullMarked
package dev.troupe.actors.serving.engine;

import org.jspecify.annotations.NullMarked;
