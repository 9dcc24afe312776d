/**
 * OpenAI's API, health checks and the playground over HTTP. Reads JSON strictly, writes JSON and server-sent events.
 */
@NullMarked
package dev.troupe.routing.http;

import org.jspecify.annotations.NullMarked;
