/** Tests of requests as text, and {@link dev.troupe.routing.generate.ToldAnswers} for those who write answers. */
@NullMarked
package dev.troupe.routing.generate;

import org.jspecify.annotations.NullMarked;
