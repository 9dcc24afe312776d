package dev.troupe.model.jinja;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What may follow "is". */
final class Tests {
    private static final Set<String> NAMES = Set.of(
            "defined",
            "undefined",
            "none",
            "string",
            "number",
            "integer",
            "float",
            "boolean",
            "true",
            "false",
            "mapping",
            "sequence",
            "iterable",
            "callable",
            "equalto",
            "eq",
            "==",
            "ne",
            "lt",
            "le",
            "gt",
            "ge",
            "lessthan",
            "greaterthan",
            "in",
            "odd",
            "even",
            "divisibleby",
            "sameas",
            "lower",
            "upper");

    private Tests() {}

    /** @throws JinjaException when there is no such test */
    static void check(String name, int line) {
        if (!NAMES.contains(name)) {
            throw new JinjaException(
                    line, "there is no test '" + name + "'; there are " + String.join(", ", new TreeSet<>(NAMES)));
        }
    }

    static boolean holds(@Nullable Object value, String name, CallArguments arguments) {
        return switch (name) {
            case "defined" -> !(value instanceof Undefined);
            case "undefined" -> value instanceof Undefined;
            case "none" -> value == null;
            case "string" -> value instanceof String;
            case "number" -> Values.isNumber(value);
            case "integer" -> value instanceof Long;
            case "float" -> value instanceof Double;
            case "boolean" -> value instanceof Boolean;
            case "true" -> Boolean.TRUE.equals(value);
            case "false" -> Boolean.FALSE.equals(value);
            case "mapping" -> value instanceof Map;
            case "sequence", "iterable" ->
                value instanceof List || value instanceof Map || value instanceof String || value instanceof Undefined;
            case "callable" -> value instanceof Callable;
            case "equalto", "eq", "==", "sameas" -> Values.areEqual(value, arguments.required(0, "other"));
            case "ne" -> !Values.areEqual(value, arguments.required(0, "other"));
            case "lt", "lessthan" -> Values.compare(value, arguments.required(0, "other")) < 0;
            case "le" -> Values.compare(value, arguments.required(0, "other")) <= 0;
            case "gt", "greaterthan" -> Values.compare(value, arguments.required(0, "other")) > 0;
            case "ge" -> Values.compare(value, arguments.required(0, "other")) >= 0;
            case "in" -> Values.contains(arguments.required(0, "seq"), value);
            case "odd" -> Math.floorMod((long) Values.number(value), 2L) == 1;
            case "even" -> Math.floorMod((long) Values.number(value), 2L) == 0;
            case "divisibleby" -> Math.floorMod((long) Values.number(value), arguments.integer(0, "num", 1)) == 0;
            case "lower" -> Values.text(value).equals(Values.text(value).toLowerCase(Locale.ROOT));
            default -> Values.text(value).equals(Values.text(value).toUpperCase(Locale.ROOT));
        };
    }
}
