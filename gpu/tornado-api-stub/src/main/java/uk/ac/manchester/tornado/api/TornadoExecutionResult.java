package uk.ac.manchester.tornado.api;

/** What an execution gives back. */
public class TornadoExecutionResult {}
