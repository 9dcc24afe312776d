package dev.troupe.model.jinja;

/**
 * A piece of a template.
 *
 * @param text of an operator or a name, the value of a string, the digits of a number
 */
record Token(Kind kind, String text, int line) {
    enum Kind {
        /** Text outside of all marks. */
        TEXT,
        /** After "{{". */
        OPEN_PRINT,
        CLOSE_PRINT,
        /** After "{%". */
        OPEN_BLOCK,
        CLOSE_BLOCK,
        NAME,
        STRING,
        INTEGER,
        FLOAT,
        OPERATOR,
        END
    }

    boolean is(Kind wanted, String wantedText) {
        return kind == wanted && text.equals(wantedText);
    }

    /** For messages. */
    String shown() {
        return kind == Kind.END ? "the end of the template" : "'" + text + "'";
    }
}
