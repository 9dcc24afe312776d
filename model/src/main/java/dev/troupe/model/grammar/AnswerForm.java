package dev.troupe.model.grammar;

import java.util.List;

/**
 * A form that an answer may have: some parts one behind another, then more of them up to a number of times. Blanks may
 * stand before each part.
 *
 * @param parts not empty
 * @param more parts that may follow, all of them each time
 * @param most times that they may
 */
public record AnswerForm(List<Part> parts, List<Part> more, int most) {
    /** What a part's text says. */
    public enum Kind {
        /** A JSON schema, by which the part is valid. */
        JSON,
        /**
         * A mark: the special token that is spelled so, where it is one of the {@link Spelling}'s and the vocabulary
         * has it; else the text itself.
         */
        MARK,
        /** One of the options; the text is empty. */
        CHOICE
    }

    /**
     * One part.
     *
     * @param options of a choice, each some parts one behind another; else empty
     */
    public record Part(Kind kind, String text, List<List<Part>> options) {
        /** @throws IllegalArgumentException when there is nothing to choose from */
        public Part {
            options = options.stream().map(List::copyOf).toList();
            if ((kind == Kind.CHOICE) == options.isEmpty() || options.stream().anyMatch(List::isEmpty)) {
                throw new IllegalArgumentException("a " + kind + " of " + options);
            }
        }

        /** JSON that is valid by a schema. */
        public static Part json(String schema) {
            return new Part(Kind.JSON, schema, List.of());
        }

        /** A mark. */
        public static Part mark(String text) {
            return new Part(Kind.MARK, text, List.of());
        }

        /** One of some sequences of parts. */
        public static Part oneOf(List<List<Part>> options) {
            return new Part(Kind.CHOICE, "", options);
        }
    }

    /** @throws IllegalArgumentException when there are no parts, or more of none */
    public AnswerForm {
        parts = List.copyOf(parts);
        more = List.copyOf(more);
        if (parts.isEmpty() || most < 0 || (most > 0 && more.isEmpty())) {
            throw new IllegalArgumentException("a form of " + parts + " and " + most + " times " + more);
        }
    }

    /** These parts and no more. */
    public static AnswerForm of(Part... parts) {
        return new AnswerForm(List.of(parts), List.of(), 0);
    }

    /** JSON that is valid by a schema. */
    public static AnswerForm json(String schema) {
        return of(Part.json(schema));
    }
}
