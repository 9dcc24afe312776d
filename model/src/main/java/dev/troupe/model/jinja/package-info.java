/**
 * The part of the Jinja template language that chat templates of published models use, as Hugging Face's transformers
 * runs it (immutable sandbox, {@code trim_blocks}, {@code lstrip_blocks}, loop controls). A template sees the values
 * that it is given and nothing else: there are no files, no imports and no objects of this program. Steps, output and
 * nesting are bounded. Used by {@link dev.troupe.model.chat}.
 *
 * <p>{@link dev.troupe.model.jinja.Lexer} gives tokens, {@link dev.troupe.model.jinja.TemplateParser} and
 * {@link dev.troupe.model.jinja.ExpressionParser} a tree, {@link dev.troupe.model.jinja.Renderer} runs it;
 * {@link dev.troupe.model.jinja.Values} says what Python's operators mean.
 *
 * <p>Values are {@code null} (none), Boolean, Long, Double, String, List, Map with String keys,
 * {@link dev.troupe.model.jinja.Undefined}, and a few objects of this package.
 */
@NullMarked
package dev.troupe.model.jinja;

import org.jspecify.annotations.NullMarked;
