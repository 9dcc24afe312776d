package dev.troupe.routing.http;

import akka.event.LoggingAdapter;
import akka.http.ParsingErrorHandler;
import akka.http.javadsl.model.HttpResponse;
import akka.http.javadsl.model.headers.Connection;
import akka.http.javadsl.model.headers.RawHeader;
import akka.http.scaladsl.model.ErrorInfo;
import akka.http.scaladsl.model.StatusCode;
import akka.http.scaladsl.settings.ServerSettings;

/**
 * Requests that are no HTTP, or are beyond Akka HTTP's limits: they reach no endpoint, and are answered in the form of
 * all other errors. Akka HTTP finds it by its name, as {@code parsing.error-handler}.
 */
public final class MalformedRequests extends ParsingErrorHandler {
    /** Where a Scala object, which is what is looked for, has its instance. */
    @SuppressWarnings({"MemberName", "ConstantField"})
    public static final MalformedRequests MODULE$ = new MalformedRequests();

    private MalformedRequests() {}

    @Override
    public HttpResponse handle(StatusCode status, ErrorInfo error, LoggingAdapter log, ServerSettings settings) {
        log.debug("A request was refused with status {}: {}", status.intValue(), error.formatPretty());
        var code = switch (status.intValue()) {
            case 413 -> "request_too_large";
            case 414 -> "uri_too_long";
            case 431 -> "headers_too_large";
            case 501 -> "unknown_method";
            default -> "malformed_request";
        };
        var problem = new ApiProblem(status.intValue(), "invalid_request_error", null, code, error.summary());
        return Replies.json(status.intValue(), problem.body())
                .addHeader(RawHeader.create(HttpFront.REQUEST_ID, HttpFront.newRequestId()))
                .addHeader(Connection.create("close"));
    }
}
