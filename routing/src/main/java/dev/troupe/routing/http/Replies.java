package dev.troupe.routing.http;

import akka.http.javadsl.model.ContentTypes;
import akka.http.javadsl.model.HttpEntities;
import akka.http.javadsl.model.HttpHeader;
import akka.http.javadsl.model.HttpResponse;
import akka.http.javadsl.model.StatusCodes;
import akka.http.javadsl.model.headers.Connection;
import akka.http.javadsl.model.headers.RawHeader;
import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.routing.RoutingConfig;
import java.util.ArrayList;
import java.util.List;

/** JSON responses. */
final class Replies {
    private Replies() {}

    static HttpResponse json(JsonNode body) {
        return json(200, body);
    }

    static HttpResponse json(int status, JsonNode body) {
        return HttpResponse.create()
                .withStatus(StatusCodes.lookup(status)
                        .orElseGet(() -> StatusCodes.custom(status, "Client Closed Request", "", false, true)))
                .withEntity(HttpEntities.create(ContentTypes.APPLICATION_JSON, Json.write(body)));
    }

    /** An error with the headers that tell a client whether to try again. */
    static HttpResponse problem(ApiProblem problem, RoutingConfig config) {
        List<HttpHeader> headers = new ArrayList<>();
        switch (problem.status()) {
            case 429, 503 ->
                headers.add(RawHeader.create(
                        "retry-after",
                        Long.toString(Math.max(1, config.retryAfter().toSeconds()))));
            // OpenAI's clients send a request again after 408 and 5xx unless told not to: it would only take as long.
            case 401 -> headers.add(RawHeader.create("www-authenticate", "Bearer"));
            case 408 -> headers.add(RawHeader.create("x-should-retry", "false"));
            // What is left of the body is not read.
            case 413 -> headers.add(Connection.create("close"));
            default -> {}
        }
        return json(problem.status(), problem.body()).addHeaders(headers);
    }
}
