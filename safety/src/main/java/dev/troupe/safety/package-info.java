@NullMarked
package dev.troupe.safety;

import org.jspecify.annotations.NullMarked;
