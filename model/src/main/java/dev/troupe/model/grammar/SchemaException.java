package dev.troupe.model.grammar;

import dev.troupe.model.TroupeException;

/** A JSON schema that answers cannot be held to. The message names the keyword, where it is, and what to do. */
public final class SchemaException extends TroupeException {
    private static final long serialVersionUID = 1L;

    private final String path;

    /** @param path where in the schema, as a JSON pointer with "#" in front */
    SchemaException(String path, String problem) {
        super("the schema at " + path + " " + problem);
        this.path = path;
    }

    /** Where in the schema, as a JSON pointer with "#" in front. */
    public String path() {
        return path;
    }
}
