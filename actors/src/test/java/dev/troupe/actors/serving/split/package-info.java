@NullMarked
package dev.troupe.actors.serving.split;

import org.jspecify.annotations.NullMarked;
