/**
 * Requests as text, whatever front they came through: resolves the model, tokenizes, filters, and keeps what replicas
 * answer until a front takes it as text.
 */
@NullMarked
package dev.troupe.routing.generate;

import org.jspecify.annotations.NullMarked;
