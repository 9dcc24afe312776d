/** From a corpus to a chat in one process: every step of a model's life, in order. */
@NullMarked
package dev.troupe.deploy.quickstart;

import org.jspecify.annotations.NullMarked;
