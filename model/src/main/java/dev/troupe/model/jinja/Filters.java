package dev.troupe.model.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What may follow "|". */
final class Filters {
    private static final Set<String> NAMES = Set.of(
            "trim",
            "length",
            "count",
            "tojson",
            "join",
            "upper",
            "lower",
            "capitalize",
            "title",
            "replace",
            "default",
            "d",
            "first",
            "last",
            "list",
            "string",
            "int",
            "float",
            "map",
            "select",
            "reject",
            "selectattr",
            "rejectattr",
            "items",
            "dictsort",
            "sort",
            "unique",
            "reverse",
            "indent",
            "safe",
            "escape",
            "e",
            "abs",
            "round",
            "sum",
            "min",
            "max",
            "format",
            "wordcount");
    private static final int MAX_INDENT = 64;
    private static final Pattern FIELD = Pattern.compile("%(.)", Pattern.DOTALL);
    private static final Pattern WORD = Pattern.compile("\\S+");
    private static final Pattern DOT = Pattern.compile("\\.");

    private Filters() {}

    /** @throws JinjaException when there is no such filter */
    static void check(String name, int line) {
        if (!NAMES.contains(name)) {
            throw new JinjaException(
                    line, "there is no filter '" + name + "'; there are " + String.join(", ", new TreeSet<>(NAMES)));
        }
    }

    static @Nullable Object apply(@Nullable Object value, String name, CallArguments arguments) {
        return switch (name) {
            case "length", "count" -> Values.length(value);
            case "tojson" -> json(value, arguments);
            case "default", "d" -> {
                boolean also = Values.isTrue(arguments.get(1, "boolean", false));
                boolean absent = value instanceof Undefined || (also && !Values.isTrue(value));
                yield absent ? arguments.get(0, "default_value", "") : value;
            }
            case "string", "safe" -> Values.text(value);
            case "int" -> integer(value, arguments);
            case "float" -> decimal(value, arguments);
            case "abs" -> value instanceof Long n ? (Object) Math.abs(n) : (Object) Math.abs(Values.number(value));
            case "round" -> round(value, arguments);
            case "items" -> value instanceof Map<?, ?> map ? Values.items(map) : noItems(value);
            case "first",
                    "last",
                    "list",
                    "join",
                    "map",
                    "select",
                    "reject",
                    "selectattr",
                    "rejectattr",
                    "dictsort",
                    "sort",
                    "unique",
                    "reverse",
                    "sum",
                    "min",
                    "max" -> ofElements(value, name, arguments);
            default -> ofText(Values.text(value), name, arguments);
        };
    }

    private static List<@Nullable Object> noItems(@Nullable Object value) {
        if (value instanceof Undefined) {
            return List.of();
        }
        throw new IllegalArgumentException(Values.typeName(value) + " has no items");
    }

    private static String json(@Nullable Object value, CallArguments arguments) {
        Integer indent = arguments.get(0, "indent", null) == null
                ? null
                : Math.clamp(arguments.integer(0, "indent", 0), 0, MAX_INDENT);
        return JsonText.of(value, indent, Values.isTrue(arguments.get(-1, "sort_keys", false)));
    }

    private static @Nullable Object integer(@Nullable Object value, CallArguments arguments) {
        try {
            return value instanceof String s
                    ? (Object) (long) Double.parseDouble(s.strip())
                    : (Object) (long) Values.number(value);
        } catch (IllegalArgumentException e) {
            return arguments.get(0, "default", 0L); // as Jinja has it
        }
    }

    private static @Nullable Object decimal(@Nullable Object value, CallArguments arguments) {
        try {
            return value instanceof String s ? Double.parseDouble(s.strip()) : Values.number(value);
        } catch (IllegalArgumentException e) {
            return arguments.get(0, "default", 0.0); // as Jinja has it
        }
    }

    private static Object round(@Nullable Object value, CallArguments arguments) {
        double scale = Math.pow(10, arguments.integer(0, "precision", 0));
        double scaled = Values.number(value) * scale;
        double rounded = switch (arguments.text(1, "method", "common")) {
            case "ceil" -> Math.ceil(scaled);
            case "floor" -> Math.floor(scaled);
            default -> Math.rint(scaled);
        };
        return rounded / scale;
    }

    private static Object ofText(String s, String name, CallArguments arguments) {
        return switch (name) {
            case "trim" ->
                Methods.strip(s, arguments.has(0, "chars") ? arguments.text(0, "chars", "") : null, true, true);
            case "upper" -> s.toUpperCase(Locale.ROOT);
            case "lower" -> s.toLowerCase(Locale.ROOT);
            case "capitalize" -> Methods.capitalized(s);
            case "title" -> Methods.title(s);
            case "replace" ->
                Methods.replace(
                        s,
                        arguments.text(0, "old", ""),
                        arguments.text(1, "new", ""),
                        arguments.integer(2, "count", -1));
            case "indent" -> indented(s, arguments);
            case "escape", "e" ->
                s.replace("&", "&amp;")
                        .replace("<", "&lt;")
                        .replace(">", "&gt;")
                        .replace("'", "&#39;")
                        .replace("\"", "&#34;");
            case "wordcount" -> WORD.matcher(s).results().count();
            default -> formatted(s, arguments);
        };
    }

    private static String indented(String s, CallArguments arguments) {
        String space = arguments.get(0, "width", 4L) instanceof String given
                ? given
                : " ".repeat(Math.clamp(arguments.integer(0, "width", 4), 0, MAX_INDENT));
        boolean first = Values.isTrue(arguments.get(1, "first", false));
        boolean blank = Values.isTrue(arguments.get(2, "blank", false));
        StringBuilder text = new StringBuilder();
        String[] lines = s.split("\n", -1);
        for (int i = 0; i < lines.length; i++) {
            boolean indent = i == 0 ? first : blank || !lines[i].isEmpty();
            text.append(i > 0 ? "\n" : "").append(indent ? space : "").append(lines[i]);
        }
        return text.toString();
    }

    /** %s and %d, in order. */
    private static String formatted(String s, CallArguments arguments) {
        Matcher field = FIELD.matcher(s);
        int[] next = new int[1];
        return field.replaceAll(found -> {
            char kind = found.group(1).charAt(0);
            if (kind == '%') {
                return "%";
            }
            if (kind != 's' && kind != 'd') {
                throw new IllegalArgumentException("'%" + kind + "' is not supported in a format");
            }
            return Matcher.quoteReplacement(Values.text(arguments.required(next[0]++, "value")));
        });
    }

    private static @Nullable Object ofElements(@Nullable Object value, String name, CallArguments arguments) {
        List<@Nullable Object> items = Values.elements(value);
        return switch (name) {
            case "list" -> items;
            case "first" -> items.isEmpty() ? new Undefined("first element") : items.getFirst();
            case "last" -> items.isEmpty() ? new Undefined("last element") : items.getLast();
            case "join" -> {
                String attribute = arguments.has(1, "attribute") ? arguments.text(1, "attribute", "") : "";
                yield String.join(
                        arguments.text(0, "d", ""),
                        items.stream()
                                .map(item -> Values.text(attribute.isEmpty() ? item : attribute(item, attribute)))
                                .toList());
            }
            case "reverse" -> {
                Collections.reverse(items);
                yield value instanceof String
                        ? String.join("", items.stream().map(Values::text).toList())
                        : items;
            }
            case "map" -> mapped(items, arguments);
            case "select", "reject" -> {
                items.removeIf(item -> selects(item, arguments, 0) == name.equals("reject"));
                yield items;
            }
            case "selectattr", "rejectattr" -> {
                String attribute = arguments.text(0, "attribute", "");
                items.removeIf(item -> selects(attribute(item, attribute), arguments, 1) == name.equals("rejectattr"));
                yield items;
            }
            case "dictsort" -> {
                List<@Nullable Object> pairs = value instanceof Map<?, ?> map ? Values.items(map) : noItems(value);
                pairs.sort((a, b) ->
                        Values.compare(caseless(((List<?>) a).getFirst()), caseless(((List<?>) b).getFirst())));
                yield pairs;
            }
            case "sort" -> sorted(items, arguments);
            case "unique" -> {
                List<@Nullable Object> once = new ArrayList<>();
                items.stream()
                        .filter(item -> once.stream().noneMatch(seen -> Values.areEqual(seen, item)))
                        .forEach(once::add);
                yield once;
            }
            case "sum" -> {
                boolean whole = items.stream().allMatch(Long.class::isInstance);
                double sum = items.stream().mapToDouble(Values::number).sum();
                yield whole ? (Object) (long) sum : (Object) sum;
            }
            case "min" -> items.isEmpty() ? new Undefined("least element") : Collections.min(items, Values::compare);
            default -> items.isEmpty() ? new Undefined("greatest element") : Collections.max(items, Values::compare);
        };
    }

    private static List<@Nullable Object> mapped(List<@Nullable Object> items, CallArguments arguments) {
        List<@Nullable Object> mapped = new ArrayList<>();
        if (arguments.named().containsKey("attribute")) {
            String attribute = arguments.text(-1, "attribute", "");
            for (Object item : items) {
                Object value = attribute(item, attribute);
                mapped.add(
                        value instanceof Undefined && arguments.named().containsKey("default")
                                ? arguments.named().get("default")
                                : value);
            }
            return mapped;
        }
        String filter = arguments.text(0, "filter", "");
        if (!NAMES.contains(filter)) {
            throw new IllegalArgumentException("there is no filter '" + filter + "'");
        }
        CallArguments rest = rest(arguments, 1);
        items.forEach(item -> mapped.add(apply(item, filter, rest)));
        return mapped;
    }

    /** @param from index of the test's name; without one, truth decides */
    private static boolean selects(@Nullable Object value, CallArguments arguments, int from) {
        if (!arguments.has(from, "test")) {
            return Values.isTrue(value);
        }
        String test = arguments.text(from, "test", "");
        Tests.check(test, 0);
        return Tests.holds(value, test, rest(arguments, from + 1));
    }

    private static CallArguments rest(CallArguments arguments, int from) {
        List<@Nullable Object> all = arguments.positional();
        return new CallArguments(all.subList(Math.min(from, all.size()), all.size()), Map.of());
    }

    private static List<@Nullable Object> sorted(List<@Nullable Object> items, CallArguments arguments) {
        String attribute = arguments.has(2, "attribute") ? arguments.text(2, "attribute", "") : "";
        Comparator<@Nullable Object> order = (a, b) -> Values.compare(
                caseless(attribute.isEmpty() ? a : attribute(a, attribute)),
                caseless(attribute.isEmpty() ? b : attribute(b, attribute)));
        items.sort(Values.isTrue(arguments.get(0, "reverse", false)) ? order.reversed() : order);
        return items;
    }

    private static @Nullable Object caseless(@Nullable Object value) {
        return value instanceof String s ? s.toLowerCase(Locale.ROOT) : value;
    }

    private static @Nullable Object attribute(@Nullable Object item, String path) {
        Object value = item;
        for (String name : DOT.split(path, -1)) {
            value = value instanceof Map<?, ?> map && map.containsKey(name) ? map.get(name) : new Undefined(name);
        }
        return value;
    }
}
