package dev.troupe.model;

/**
 * Something a user can understand and repair went wrong: a missing file, a damaged checkpoint, a wrong key, a full
 * disk. The message names the thing and the remedy; front ends print it without a stack trace and end with status 2.
 * Anything that is a defect of the program itself is another exception.
 */
public class TroupeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public TroupeException(String message) {
        super(message);
    }

    public TroupeException(String message, Throwable cause) {
        super(message, cause);
    }
}
