package dev.troupe.deploy.node;

import dev.troupe.model.TroupeException;

/** The cluster has removed this node, because it was out of its reach or one of too few, or all at once. */
public final class NodeRemovedException extends TroupeException {
    private static final long serialVersionUID = 1L;

    NodeRemovedException() {
        super("the cluster has removed this node, which was out of its reach: start it anew");
    }
}
