package dev.troupe.model.data;

import dev.troupe.model.TroupeException;

/** A file is not UTF-8 text. */
final class NotTextException extends TroupeException {
    private static final long serialVersionUID = 1L;

    NotTextException(String message) {
        super(message);
    }
}
