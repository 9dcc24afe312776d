package dev.troupe.routing.grpc;

import akka.actor.ActorSystem;
import akka.grpc.GrpcServiceException;
import akka.grpc.Trailers;
import akka.grpc.javadsl.GrpcExceptionHandler;
import akka.japi.Function;
import com.google.protobuf.InvalidProtocolBufferException;
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

    /** Akka's statuses for what a call's handler throws; a message that cannot be parsed is its sender's mistake. */
    static Function<ActorSystem, Function<Throwable, Trailers>> mapper() {
        Function<ActorSystem, Function<Throwable, Trailers>> standard = GrpcExceptionHandler.defaultMapper();
        return system -> failure -> RequestFailure.cause(failure) instanceof InvalidProtocolBufferException broken
                ? new Trailers(
                        Status.INVALID_ARGUMENT.withDescription("The message cannot be parsed: " + broken.getMessage()))
                : standard.apply(system).apply(failure);
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
