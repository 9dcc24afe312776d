package dev.troupe.routing.http;

import akka.http.javadsl.model.HttpResponse;
import java.util.concurrent.CompletionStage;

/** Answers requests to one path by one method; failures are {@link ApiProblem}s, thrown or in the stage. */
@FunctionalInterface
interface Endpoint {
    CompletionStage<HttpResponse> handle(Exchange exchange);
}
