/** Tests of the chat templates. */
@NullMarked
package dev.troupe.model.chat;

import org.jspecify.annotations.NullMarked;
