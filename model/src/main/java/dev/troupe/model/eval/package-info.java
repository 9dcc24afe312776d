/**
 * How good a model is: negative log-likelihood, perplexity and bits per byte of text that it has not seen, the same of
 * a baseline that knows only how often tokens occur, tasks that checkpoints are measured by, and the record of the
 * losses of a run.
 */
@NullMarked
package dev.troupe.model.eval;

import org.jspecify.annotations.NullMarked;
