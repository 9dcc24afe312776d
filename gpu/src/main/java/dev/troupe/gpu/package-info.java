@NullMarked
package dev.troupe.gpu;

import org.jspecify.annotations.NullMarked;
