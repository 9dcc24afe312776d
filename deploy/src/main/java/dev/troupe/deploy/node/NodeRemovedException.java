package dev.troupe.deploy.node;

import dev.troupe.model.TroupeException;

/** The cluster has removed this node: it was out of reach, or on the smaller side, or all were removed at once. */
public final class NodeRemovedException extends TroupeException {
    private static final long serialVersionUID = 1L;

    private static final String MESSAGE = "the cluster has removed this node: start it anew";

    /** When nothing else failed for that. */
    NodeRemovedException() {
        super(MESSAGE);
    }

    /** @param cause what failed for that */
    public NodeRemovedException(Throwable cause) {
        super(MESSAGE, cause);
    }
}
