/**
 * Requests as text, whatever front they came through: resolves the model, tokenizes, filters, and gives one stream of
 * text events per answer.
 */
@NullMarked
package dev.troupe.routing.generate;

import org.jspecify.annotations.NullMarked;
