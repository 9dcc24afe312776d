/** Tests of layouts that are kept. */
@NullMarked
package dev.troupe.model.format.layouts;

import org.jspecify.annotations.NullMarked;
