@NullMarked
package dev.troupe.model.grammar;

import org.jspecify.annotations.NullMarked;
