package dev.troupe.safety.pattern;

import java.util.List;

/**
 * A set of characters.
 *
 * @param negated whether it is everything but the ranges
 */
record CodePoints(List<Range> ranges, boolean negated) {
    /** From {@code first} to {@code last}, both included. */
    record Range(int first, int last) {}

    static final CodePoints ANY = new CodePoints(List.of(), true);
    static final CodePoints DIGIT = new CodePoints(List.of(new Range('0', '9')), false);
    static final CodePoints WORD = new CodePoints(
            List.of(new Range('a', 'z'), new Range('A', 'Z'), new Range('0', '9'), new Range('_', '_')), false);
    static final CodePoints SPACE =
            new CodePoints(List.of(new Range('\t', '\r'), new Range(' ', ' '), new Range(0xA0, 0xA0)), false);

    static CodePoints of(int codePoint) {
        return new CodePoints(List.of(new Range(codePoint, codePoint)), false);
    }

    CodePoints negate() {
        return new CodePoints(ranges, !negated);
    }

    boolean contains(int codePoint) {
        return inRanges(codePoint) != negated;
    }

    /** As {@link #contains}, of the character itself or its other case. */
    boolean containsIgnoringCase(int codePoint) {
        int upper = Character.toUpperCase(codePoint);
        boolean inRanges = inRanges(codePoint) || inRanges(upper) || inRanges(Character.toLowerCase(upper));
        return inRanges != negated;
    }

    private boolean inRanges(int codePoint) {
        for (Range range : ranges) {
            if (codePoint >= range.first && codePoint <= range.last) {
                return true;
            }
        }
        return false;
    }
}
