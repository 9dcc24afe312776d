@NullMarked
package dev.troupe.actors.dispatch;

import org.jspecify.annotations.NullMarked;
