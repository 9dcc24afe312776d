package dev.troupe.routing.http;

import akka.http.javadsl.model.HttpRequest;
import dev.troupe.routing.access.Caller;

/**
 * One request with what is known about it beside its content.
 *
 * @param path decoded, without query
 * @param caller who asks
 * @param requestId goes back in the header x-request-id and into logs
 * @param connection tells when the client is gone
 * @param arrivalNanos {@link System#nanoTime} when the request came
 */
record Exchange(
        HttpRequest request,
        String path,
        Caller caller,
        String requestId,
        ClientConnection connection,
        long arrivalNanos) {}
