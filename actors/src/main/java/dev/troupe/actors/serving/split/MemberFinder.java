package dev.troupe.actors.serving.split;

import dev.troupe.actors.serving.engine.ModelLayout;

/** Finds nodes that a replica's members can sit on. */
@FunctionalInterface
interface MemberFinder {
    /** Seats members on this node and as many others as the shape says; blocks until there are so many. */
    MemberSeats seat(MemberSetup setup, ModelLayout.Target target);
}
