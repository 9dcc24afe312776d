package dev.troupe.model.grammar;

import dev.troupe.model.grammar.CodePoints.Range;
import dev.troupe.model.grammar.SchemaCompiler.Place;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The rules of JSON strings: any, of limited length, by a pattern or a format, and names that are not taken. */
final class StringRules {
    private static final String DATE = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])";
    /** Offsets of less than 18 hours, as {@code java.time} has them; none on Earth is more than 14. */
    private static final String TIME =
            "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?(Z|[+-](0[0-9]|1[0-7]):[0-5][0-9])";

    private static final String BYTE = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";

    /** RFC 3339, appendix A: no unit is left out between two, and weeks stand alone. */
    private static final String DURATION = duration("[0-9]{1,6}");

    private static final String GROUP = "[0-9a-f]{1,4}"; // of an IPv6 address
    /** Labels with single hyphens; four of them are shorter than the 253 characters that a name has at the most. */
    private static final String LABEL = "[a-z0-9]{1,16}(-[a-z0-9]{1,16}){0,2}";

    private static final String HOST = LABEL + "(\\." + LABEL + "){0,3}";
    private static final String IN_PATH = "([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-F]{2})";
    private static final String IN_QUERY = "([A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-F]{2})*";

    /** Formats and patterns of which every text has the format; days end with 28, which every month has. */
    private static final Map<String, String> FORMATS = new TreeMap<>(Map.of(
            "date", "^" + DATE + "$",
            "time", "^" + TIME + "$",
            "date-time", "^" + DATE + "T" + TIME + "$",
            "duration", "^" + DURATION + "$",
            "uuid", "^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
            "ipv4", "^" + BYTE + "(\\." + BYTE + "){3}$",
            "ipv6", "^(" + ipv6() + ")$",
            "hostname", "^" + HOST + "$",
            "email", "^[a-zA-Z0-9_+-]{1,32}(\\.[a-zA-Z0-9_+-]{1,32}){0,3}@([a-z0-9]{1,32}\\.){1,3}[a-z]{2,16}$",
            "uri",
                    "^[a-z][a-z0-9+.-]{1,15}:(//" + HOST + "(:[1-9][0-9]{0,3})?(/" + IN_PATH + "*)*|" + IN_PATH + "+(/"
                            + IN_PATH + "*)*)(\\?" + IN_QUERY + ")?(#" + IN_QUERY + ")?$"));

    private static String duration(String number) {
        String day = number + "D";
        String month = number + "M(" + day + ")?";
        String year = number + "Y(" + month + ")?";
        String second = number + "S";
        String minute = number + "M(" + second + ")?";
        String hour = number + "H(" + minute + ")?";
        String time = "T(" + hour + "|" + minute + "|" + second + ")";
        return "P((" + year + "|" + month + "|" + day + ")(" + time + ")?|" + time + "|" + number + "W)";
    }

    /** All eight groups, or some with one gap of two groups or more (RFC 5952, 4.2.2). */
    private static String ipv6() {
        StringBuilder forms = new StringBuilder("(" + GROUP + ":){7}" + GROUP);
        for (int before = 0; before <= 6; before++) {
            forms.append('|').append(before == 0 ? ":" : "(" + GROUP + ":){" + before + "}");
            forms.append(before == 6 ? ":" : "(:|(:" + GROUP + "){1," + (6 - before) + "})");
        }
        return forms.toString();
    }

    /** No text of a format is shorter, and none longer but URIs, of which a longer one is not written by accident. */
    private static final int SHORTEST = 1;

    private static final int LONGEST = 2000;

    private static final String ESCAPED = "\b\t\n\f\r";
    private static final String ESCAPES = "btnfr";

    private final GrammarBuilder grammar;
    private final JsonRules json;
    private final Map<List<Range>, Integer> wideClasses = new HashMap<>();

    StringRules(GrammarBuilder grammar, JsonRules json) {
        this.grammar = grammar;
        this.json = json;
    }

    /**
     * The strings of a schema, with their quotes. A format that is not known is an annotation, as JSON schema has it.
     * Beside a pattern, one that is known says the same once more, for readers that know formats.
     */
    void emit(Place place, int from, int to) {
        var schema = place.schema();
        boolean limited = schema.has("minLength") || schema.has("maxLength");
        String format = FORMATS.get(schema.path("format").asText(""));
        boolean oneRule = format == null ? !limited || !schema.has("pattern") : !limited || includesAll(place);
        if (!oneRule) {
            throw new SchemaException(
                    place.path(), "has a 'pattern' or a 'format' and length limits, which is not supported");
        }
        if (schema.has("pattern")) {
            emitPattern(pattern(place, format), from, to);
        } else if (format != null) {
            emitPattern(Regex.parse(format, place.path() + "/format"), from, to);
        } else if (limited) {
            emitLimited(place, from, to);
        } else {
            json.string(from, to);
        }
    }

    /** Whether length limits leave out no text of a format. */
    private static boolean includesAll(Place place) {
        return SchemaKeywords.count(place, "minLength", 0) <= SHORTEST
                && SchemaKeywords.count(place, "maxLength", Integer.MAX_VALUE) >= LONGEST;
    }

    /** The pattern; that of the format where it is one that we cannot hold to, with a look ahead, say. */
    private static List<Regex.Alternative> pattern(Place place, @Nullable String format) {
        try {
            return Regex.parse(place.schema().path("pattern").asText(""), place.path() + "/pattern");
        } catch (SchemaException e) {
            if (format == null) {
                throw e;
            }
            return Regex.parse(format, place.path() + "/format");
        }
    }

    /** Lengths are those of JSON schema: Unicode characters. */
    private void emitLimited(Place place, int from, int to) {
        int min = SchemaKeywords.count(place, "minLength", 0);
        int max = SchemaKeywords.count(place, "maxLength", Integer.MAX_VALUE);
        if (min > max) {
            throw new SchemaException(place.path() + "/minLength", "is more than maxLength");
        }
        int at = grammar.character(from, '"');
        for (int length = 0; length < (max == Integer.MAX_VALUE ? min : max); length++) {
            if (length >= min) {
                grammar.bytes(at, '"', '"', to);
            }
            int next = grammar.state();
            json.textCharacter(at, next);
            at = next;
        }
        if (max == Integer.MAX_VALUE) {
            json.stringRest(at, to);
        } else {
            grammar.bytes(at, '"', '"', to);
        }
    }

    /** Texts in which a regular expression is found, as JSON schema has it. */
    private void emitPattern(List<Regex.Alternative> alternatives, int from, int to) {
        int open = grammar.character(from, '"');
        for (Regex.Alternative alternative : alternatives) {
            int at = grammar.state();
            grammar.empty(open, at);
            if (!alternative.fromStart()) {
                json.textCharacter(at, at);
            }
            int matched = grammar.state();
            emit(alternative.body(), at, matched);
            if (!alternative.toEnd()) {
                json.textCharacter(matched, matched);
            }
            grammar.bytes(matched, '"', '"', to);
        }
    }

    private void emit(Regex regex, int from, int to) {
        switch (regex) {
            case Regex.Characters(List<Range> ranges) -> characters(ranges, from, to);
            case Regex.Sequence(List<Regex> parts) -> {
                int at = from;
                for (Regex part : parts) {
                    int next = grammar.state();
                    emit(part, at, next);
                    at = next;
                }
                grammar.empty(at, to);
            }
            case Regex.Choice(List<Regex> options) -> options.forEach(option -> emit(option, from, to));
            case Regex.Repeat(Regex body, int min, int max) -> repeat(body, min, max, from, to);
        }
    }

    private void repeat(Regex body, int min, int max, int from, int to) {
        int at = grammar.state();
        grammar.empty(from, at);
        for (int i = 0; i < min; i++) {
            int next = grammar.state();
            emit(body, at, next);
            at = next;
        }
        if (max == Integer.MAX_VALUE) {
            int again = grammar.state();
            grammar.empty(at, again);
            emit(body, again, again);
            grammar.empty(again, to);
            return;
        }
        grammar.empty(at, to);
        for (int i = min; i < max; i++) {
            int next = grammar.state();
            emit(body, at, next);
            grammar.empty(next, to);
            at = next;
        }
    }

    /** One character of a set, escaped where JSON wants it so. */
    private void characters(List<Range> ranges, int from, int to) {
        List<Range> wide = new ArrayList<>();
        for (Range range : ranges) {
            for (int c = range.from(); c <= Math.min(range.to(), 0x7F); c++) {
                ascii((char) c, from, to);
            }
            if (range.to() > 0x7F) {
                wide.add(new Range(Math.max(range.from(), 0x80), range.to()));
            }
        }
        if (!wide.isEmpty()) {
            int rule = wideClasses.computeIfAbsent(wide, key -> {
                int made = grammar.rule();
                wide.forEach(range -> CodePoints.utf8(grammar, grammar.start(made), range, grammar.end(made)));
                return made;
            });
            grammar.call(from, rule, to);
        }
    }

    private void ascii(char c, int from, int to) {
        int escape = ESCAPED.indexOf(c);
        if (c == '"' || c == '\\') {
            grammar.bytes(grammar.character(from, '\\'), c, c, to);
        } else if (escape >= 0) {
            char letter = ESCAPES.charAt(escape);
            grammar.bytes(grammar.character(from, '\\'), letter, letter, to);
        } else if (c < ' ') {
            int zeros = grammar.character(grammar.character(grammar.character(from, '\\'), 'u'), '0');
            int first = grammar.character(grammar.character(zeros, '0'), Character.forDigit(c >> 4, 16));
            char last = Character.forDigit(c & 15, 16);
            grammar.bytes(first, last, last, to);
        } else {
            grammar.bytes(from, c, c, to);
        }
    }

    /** A string in quotes that is none of some names; without escapes, so that it is not one in disguise either. */
    void nameOtherThan(List<String> names, int from, int to) {
        int free = grammar.state(); // differs from all names already
        BitSet all = new BitSet();
        all.set(' ', CodePoints.MAX + 1);
        all.clear('"');
        all.clear('\\');
        characters(CodePoints.ranges(all), free, free);
        grammar.bytes(free, '"', '"', to);
        nameFrom(names, 0, grammar.character(from, '"'), free, to, all);
    }

    /** @param depth characters that all these names have in common with the text */
    private void nameFrom(List<String> names, int depth, int at, int free, int to, BitSet all) {
        Map<Integer, List<String>> byNext = new TreeMap<>();
        boolean taken = false;
        for (String name : names) {
            if (name.codePointCount(0, name.length()) == depth) {
                taken = true;
            } else {
                int next = name.codePointAt(name.offsetByCodePoints(0, depth));
                byNext.computeIfAbsent(next, key -> new ArrayList<>()).add(name);
            }
        }
        if (!taken) {
            grammar.bytes(at, '"', '"', to);
        }
        BitSet others = (BitSet) all.clone();
        byNext.forEach((next, rest) -> {
            others.clear(next);
            if (all.get(next)) {
                int deeper = grammar.state();
                characters(List.of(new Range(next, next)), at, deeper);
                nameFrom(rest, depth + 1, deeper, free, to, all);
            }
        });
        characters(CodePoints.ranges(others), at, free);
    }
}
