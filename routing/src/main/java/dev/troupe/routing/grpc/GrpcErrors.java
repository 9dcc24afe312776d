package dev.troupe.routing.grpc;

import akka.grpc.GrpcServiceException;
import dev.troupe.routing.route.RequestFailure;
import io.grpc.Status;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Failures as gRPC statuses, with messages for people. */
final class GrpcErrors {
    private static final Logger LOG = LoggerFactory.getLogger(GrpcErrors.class);

    private GrpcErrors() {}

    /** The exception that Akka gRPC turns into the status. */
    static GrpcServiceException exception(Throwable failure) {
        return new GrpcServiceException(status(failure));
    }

    static Status status(Throwable failure) {
        var cause = RequestFailure.cause(failure);
        if (cause instanceof GrpcServiceException known) {
            return known.getStatus();
        }
        if (cause instanceof RequestFailure expected) {
            return status(expected).withDescription(expected.text());
        }
        LOG.error("A gRPC call failed", cause);
        return Status.INTERNAL.withDescription("Something went wrong on our side. The server's log has it.");
    }

    private static Status status(RequestFailure failure) {
        return switch (failure.kind()) {
            case INVALID, CONTEXT_LENGTH, CONTENT_FILTER -> Status.INVALID_ARGUMENT;
            case UNAUTHENTICATED -> Status.UNAUTHENTICATED;
            case MODEL_NOT_FOUND -> Status.NOT_FOUND;
            case OVERLOADED, SLOW_READER -> Status.RESOURCE_EXHAUSTED;
            case UNAVAILABLE -> Status.UNAVAILABLE;
            case CANCELLED -> Status.CANCELLED;
            case DEADLINE -> Status.DEADLINE_EXCEEDED;
            case INTERNAL -> Status.INTERNAL;
        };
    }
}
