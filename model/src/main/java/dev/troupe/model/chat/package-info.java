/**
 * Chat templates: how messages become the prompt that a model continues. Used by routing before a request is queued.
 */
@NullMarked
package dev.troupe.model.chat;

import org.jspecify.annotations.NullMarked;
