/**
 * Judges text before it reaches a model and after: prompts as a whole, answers as they stream. Rules come from the
 * configuration ({@code troupe.safety}); {@link dev.troupe.safety.pattern} finds them. Reads text, writes verdicts; who
 * asks decides what a blocked request is told.
 */
@NullMarked
package dev.troupe.safety.filter;

import org.jspecify.annotations.NullMarked;
