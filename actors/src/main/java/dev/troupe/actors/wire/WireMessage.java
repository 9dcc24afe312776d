package dev.troupe.actors.wire;

/** Marks messages that may cross a network: Jackson CBOR serializes them, and each has a round-trip test. */
public interface WireMessage {}
