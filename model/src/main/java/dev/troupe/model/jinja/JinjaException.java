package dev.troupe.model.jinja;

import dev.troupe.model.TroupeException;

/** A template that cannot be read or run; the message names the line. */
public final class JinjaException extends TroupeException {
    private static final long serialVersionUID = 1L;

    private final boolean raised;

    private JinjaException(String message, boolean raised) {
        super(message);
        this.raised = raised;
    }

    JinjaException(int line, String problem) {
        this("chat template, line " + line + ": " + problem, false);
    }

    /** What the template itself says by {@code raise_exception}. */
    static JinjaException raised(String message) {
        return new JinjaException(message, true);
    }

    /** Whether the template refused what it was given, in its own words. */
    public boolean isRaised() {
        return raised;
    }
}
