package dev.troupe.routing.http;

import akka.Done;
import akka.http.javadsl.model.HttpRequest;
import java.util.concurrent.CompletionStage;

/**
 * One request with what is known about it beside its content.
 *
 * @param path decoded, without query
 * @param requestId goes back in the header x-request-id and into logs
 * @param connectionClosed done when the client is gone
 * @param arrivalNanos {@link System#nanoTime} when the request came
 */
record Exchange(
        HttpRequest request,
        String path,
        String requestId,
        CompletionStage<Done> connectionClosed,
        long arrivalNanos) {}
