/**
 * Comparisons with other people's engines and tokenizers, which come as test dependencies with native libraries; a test
 * whose peer does not run on this machine skips by name.
 */
@NullMarked
package dev.troupe.model.peer;

import org.jspecify.annotations.NullMarked;
