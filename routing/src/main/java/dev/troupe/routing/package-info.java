/**
 * The front of a cluster. Reads requests over HTTP (OpenAI's API) and gRPC, turns text into tokens, sends them to model
 * replicas through the router actor, and writes answers as whole bodies or streams.
 */
@NullMarked
package dev.troupe.routing;

import org.jspecify.annotations.NullMarked;
