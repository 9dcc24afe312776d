@NullMarked
package dev.troupe.actors.serving.kv;

import org.jspecify.annotations.NullMarked;
