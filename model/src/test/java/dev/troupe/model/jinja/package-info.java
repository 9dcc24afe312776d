@NullMarked
package dev.troupe.model.jinja;

import org.jspecify.annotations.NullMarked;
