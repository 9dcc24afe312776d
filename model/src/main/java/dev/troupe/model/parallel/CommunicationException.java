package dev.troupe.model.parallel;

import dev.troupe.model.TroupeException;

/** A peer was lost, too slow, or sent what could not be used. The message names the peer. */
public final class CommunicationException extends TroupeException {
    private static final long serialVersionUID = 1L;

    public CommunicationException(String message) {
        super(message);
    }

    public CommunicationException(String message, Throwable cause) {
        super(message, cause);
    }
}
