package dev.troupe.model.format.layouts;

import dev.troupe.model.TroupeException;
import java.nio.file.Path;

/** A file of layouts had other bytes than were written to it, and was removed: the model can be loaded without. */
public final class DamagedLayoutsException extends TroupeException {
    private static final long serialVersionUID = 1L;

    DamagedLayoutsException(Path file) {
        super(file
                + " was damaged: its layouts had other bytes than were written; it is removed, load the model again");
    }
}
