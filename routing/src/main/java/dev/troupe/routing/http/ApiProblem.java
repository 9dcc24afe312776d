package dev.troupe.routing.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.routing.route.RequestFailure;
import org.jspecify.annotations.Nullable;

/** An error as OpenAI's API shows it: a status and {@code {"error":{"message","type","param","code"}}}. */
final class ApiProblem extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int status;
    private final String type;
    private final @Nullable String param;
    private final String code;

    ApiProblem(int status, String type, @Nullable String param, String code, String message) {
        super(message, null, false, false);
        this.status = status;
        this.type = type;
        this.param = param;
        this.code = code;
    }

    /** Status 400: the request must change. */
    static ApiProblem invalid(String message, @Nullable String param, String code) {
        return new ApiProblem(400, "invalid_request_error", param, code, message);
    }

    static ApiProblem of(RequestFailure failure) {
        var message = failure.text();
        var param = failure.param();
        return switch (failure.kind()) {
            case INVALID -> invalid(message, param, "invalid_value");
            case UNAUTHENTICATED -> new ApiProblem(401, "invalid_request_error", null, "invalid_api_key", message);
            case MODEL_NOT_FOUND -> new ApiProblem(404, "invalid_request_error", param, "model_not_found", message);
            case CONTEXT_LENGTH -> invalid(message, param, "context_length_exceeded");
            case CONTENT_FILTER -> invalid(message, param, "content_filter");
            case OVERLOADED -> new ApiProblem(429, "rate_limit_error", null, "queue_full", message);
            case UNAVAILABLE -> new ApiProblem(503, "server_error", null, "unavailable", message);
            // Nobody reads it; the number is the one that nginx made known, for logs and metrics.
            case CANCELLED -> new ApiProblem(499, "cancelled", null, "client_closed_request", message);
            case DEADLINE -> new ApiProblem(408, "timeout_error", null, "deadline_exceeded", message);
            case SLOW_READER -> new ApiProblem(408, "timeout_error", null, "slow_reader", message);
            case INTERNAL -> new ApiProblem(500, "server_error", null, "internal_error", message);
        };
    }

    /** Of any failure; what is not expected becomes a status 500 that tells no details. */
    static ApiProblem of(Throwable failure) {
        return switch (RequestFailure.cause(failure)) {
            case ApiProblem problem -> problem;
            case RequestFailure expected -> of(expected);
            default ->
                new ApiProblem(
                        500,
                        "server_error",
                        null,
                        "internal_error",
                        "Something went wrong on our side. The log has it under this request's id.");
        };
    }

    int status() {
        return status;
    }

    String code() {
        return code;
    }

    ObjectNode body() {
        var body = Json.object();
        body.putObject("error")
                .put("message", getMessage())
                .put("type", type)
                .put("param", param)
                .put("code", code);
        return body;
    }
}
