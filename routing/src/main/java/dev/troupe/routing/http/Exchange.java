package dev.troupe.routing.http;

import akka.http.javadsl.model.HttpRequest;
import dev.troupe.routing.access.Caller;
import java.time.Duration;

/**
 * One request with what is known about it beside its content.
 *
 * @param path without query, and without a slash too many at either end
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
        long arrivalNanos) {
    /** What is left of a time that began when the request came; never nothing. */
    Duration left(Duration limit) {
        var left = limit.minusNanos(System.nanoTime() - arrivalNanos);
        return left.isPositive() ? left : Duration.ofNanos(1);
    }
}
