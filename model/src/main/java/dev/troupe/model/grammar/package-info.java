/**
 * Answers that must be JSON, or JSON between marks: their forms become a pushdown automaton over bytes, and with the
 * byte strings of a vocabulary the set of tokens that may come next. Used by the sampler of a constrained answer. No
 * model, no actors.
 *
 * <p>{@link dev.troupe.model.grammar.FormCompiler} and {@link dev.troupe.model.grammar.SchemaCompiler} read forms and
 * their schemas into a {@link dev.troupe.model.grammar.GrammarBuilder}, which becomes an
 * {@link dev.troupe.model.grammar.Automaton}; {@link dev.troupe.model.grammar.GrammarState} is a place in a text;
 * {@link dev.troupe.model.grammar.TokenMasks} walks automaton and {@link dev.troupe.model.grammar.TokenTrie} together.
 */
@NullMarked
package dev.troupe.model.grammar;

import org.jspecify.annotations.NullMarked;
