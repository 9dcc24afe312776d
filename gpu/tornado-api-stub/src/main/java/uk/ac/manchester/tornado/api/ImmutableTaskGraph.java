package uk.ac.manchester.tornado.api;

/** A finished {@link TaskGraph}. */
public class ImmutableTaskGraph {
    ImmutableTaskGraph() {}
}
