package dev.troupe.model.jinja;

/**
 * The value of a name that is not there: prints as nothing, is false, has no elements; anything else is an error.
 *
 * @param name for messages
 */
record Undefined(String name) {}
