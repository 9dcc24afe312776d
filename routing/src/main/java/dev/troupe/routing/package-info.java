@NullMarked
package dev.troupe.routing;

import org.jspecify.annotations.NullMarked;
