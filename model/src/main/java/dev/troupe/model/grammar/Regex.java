package dev.troupe.model.grammar;

import dev.troupe.model.grammar.CodePoints.Range;
import java.util.List;

/** A regular expression, as far as JSON schemas here may use it: the part that is a finite automaton. */
sealed interface Regex {
    /** One character of a set. */
    record Characters(List<Range> ranges) implements Regex {}

    /** One after the other. */
    record Sequence(List<Regex> parts) implements Regex {}

    /** One of them. */
    record Choice(List<Regex> options) implements Regex {}

    /** As often as this, {@code Integer.MAX_VALUE} for no limit. */
    record Repeat(Regex body, int min, int max) implements Regex {}

    /**
     * One of the alternatives at the top, where anchors may stand.
     *
     * @param fromStart whether it matches from the start of a text only
     * @param toEnd whether it matches to the end of a text only
     */
    record Alternative(Regex body, boolean fromStart, boolean toEnd) {}

    /**
     * Reads a pattern.
     *
     * @param path for errors
     * @throws SchemaException when it is not well-formed or uses what is not supported
     */
    static List<Alternative> parse(String pattern, String path) {
        return new RegexParser(pattern, path).parse();
    }
}
