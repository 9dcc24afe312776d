package dev.troupe.routing.http;

import akka.NotUsed;
import akka.http.javadsl.model.HttpResponse;
import akka.stream.javadsl.Source;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/**
 * Answers requests to one path by one method; failures are {@link ApiProblem}s, thrown or in the source. The source
 * gives one response, and is run as a part of its connection's stream: what it streams goes from the same actor to the
 * socket, with no message to another one for each token and none back for the next.
 */
@FunctionalInterface
interface Endpoint {
    Source<HttpResponse, NotUsed> handle(Exchange exchange);

    /** An endpoint whose response comes in one piece. */
    static Endpoint of(Function<Exchange, CompletionStage<HttpResponse>> work) {
        return exchange -> Source.completionStage(work.apply(exchange));
    }
}
