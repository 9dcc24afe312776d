package dev.troupe.model.tensor;

import dev.troupe.model.TroupeException;

/**
 * The system gave no memory for tensors: they are too large, or others hold it. It says nothing of the heap, as an
 * {@link OutOfMemoryError} would: who asked can go on with less.
 */
public final class NotEnoughMemoryException extends TroupeException {
    private static final long serialVersionUID = 1L;
    private static final int MIB_BITS = 20;

    private final long bytes;

    /**
     * Memory that was not there.
     *
     * @param what it was wanted for
     */
    NotEnoughMemoryException(long bytes, String what) {
        super(message(bytes, what));
        this.bytes = bytes;
    }

    private NotEnoughMemoryException(String message, long bytes, NotEnoughMemoryException cause) {
        super(message, cause);
        this.bytes = bytes;
    }

    private static String message(long bytes, String what) {
        return "the system gave no " + bytes + " bytes (" + (bytes >> MIB_BITS) + " MiB) of memory for " + what;
    }

    /** The same, where it is known better what the memory was wanted for. */
    public NotEnoughMemoryException wantedFor(String what) {
        return wantedFor(what, bytes);
    }

    /** The same, of {@code size} bytes, for which more were asked of the system. */
    NotEnoughMemoryException wantedFor(String what, long size) {
        return new NotEnoughMemoryException(message(size, what), size, this);
    }

    /** The same with what to do about it. */
    public NotEnoughMemoryException withRemedy(String remedy) {
        return new NotEnoughMemoryException(getMessage() + ": " + remedy, bytes, this);
    }
}
