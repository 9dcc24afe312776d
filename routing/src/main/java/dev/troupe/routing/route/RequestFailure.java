package dev.troupe.routing.route;

import akka.http.scaladsl.model.http2.PeerClosedStreamException;
import akka.stream.StreamTcpException;
import dev.troupe.actors.Failures;
import org.jspecify.annotations.Nullable;

/** Why a request gets no (whole) answer. The message is fit for a user; each front gives it its own status. */
public final class RequestFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** What went wrong, as far as a client's next step depends on it. */
    public enum Kind {
        /** The request itself is wrong; {@link RequestFailure#param} may name the field. */
        INVALID,
        /** No API key, or an unknown one. */
        UNAUTHENTICATED,
        /** Nobody serves that model. */
        MODEL_NOT_FOUND,
        /** The prompt leaves no room in the model's context. */
        CONTEXT_LENGTH,
        /** An input filter refused the prompt. */
        CONTENT_FILTER,
        /** Every queue is full: try again soon. */
        OVERLOADED,
        /** Loading, draining, or the last replica died. */
        UNAVAILABLE,
        /** The client went away. */
        CANCELLED,
        /** The request's time is over. */
        DEADLINE,
        /** The client reads too slowly. */
        SLOW_READER,
        /** A defect on our side. */
        INTERNAL
    }

    private final Kind kind;
    private final @Nullable String param;

    public RequestFailure(Kind kind, String message) {
        this(kind, message, null);
    }

    public RequestFailure(Kind kind, String message, @Nullable String param) {
        // An expected outcome that is told to the client, not a defect: no stack trace.
        super(message, null, false, false);
        this.kind = kind;
        this.param = param;
    }

    /**
     * The cause of a failed stage, where a connection that broke means that the client has gone, however it did: by a
     * reset of the connection, or of one stream of HTTP/2.
     */
    public static Throwable cause(Throwable failure) {
        var cause = Failures.cause(failure);
        boolean gone = cause instanceof StreamTcpException || cause instanceof PeerClosedStreamException;
        return gone ? new RequestFailure(Kind.CANCELLED, "The connection broke: " + cause.getMessage()) : cause;
    }

    public Kind kind() {
        return kind;
    }

    /** The field that is wrong, when one is. */
    public @Nullable String param() {
        return param;
    }

    /** The message, which this exception always has. */
    public String text() {
        return String.valueOf(getMessage());
    }
}
