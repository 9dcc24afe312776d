package dev.troupe.routing.http;

import dev.troupe.routing.route.RequestFailure;
import dev.troupe.routing.route.RequestFailure.Kind;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Tells the request in progress on a connection when its client is gone. HTTP/1.1 has one request at a time, so one
 * listener is enough, and an old one never piles up on a long-lived connection.
 */
final class ClientConnection {
    private boolean closed;
    private @Nullable Runnable listener;

    /** Runs {@code action} when the connection closes, instead of the action before; at once if it has closed. */
    void onClose(Runnable action) {
        synchronized (this) {
            listener = action;
            if (!closed) {
                return;
            }
        }
        action.run();
    }

    /** Gives {@code abort} a failure when the connection closes. */
    void abortOnClose(Consumer<RequestFailure> abort) {
        onClose(() -> abort.accept(new RequestFailure(Kind.CANCELLED, "The client closed the connection.")));
    }

    void close() {
        Runnable action;
        synchronized (this) {
            closed = true;
            action = listener;
        }
        if (action != null) {
            action.run();
        }
    }
}
