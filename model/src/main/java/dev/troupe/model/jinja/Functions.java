package dev.troupe.model.jinja;

import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What every template can call. */
final class Functions {
    private static final int MAX_RANGE = 100_000;

    /** Python's codes and Java's patterns. */
    private static final Map<Character, String> DATES = Map.ofEntries(
            Map.entry('Y', "yyyy"),
            Map.entry('y', "yy"),
            Map.entry('m', "MM"),
            Map.entry('d', "dd"),
            Map.entry('B', "MMMM"),
            Map.entry('b', "MMM"),
            Map.entry('A', "EEEE"),
            Map.entry('a', "EEE"),
            Map.entry('H', "HH"),
            Map.entry('I', "hh"),
            Map.entry('M', "mm"),
            Map.entry('S', "ss"),
            Map.entry('p', "a"),
            Map.entry('j', "DDD"));

    private Functions() {}

    static void addTo(Scope scope, LocalDateTime now) {
        scope.set("raise_exception", (Callable) arguments -> {
            throw JinjaException.raised(Values.text(arguments.required(0, "message")));
        });
        scope.set("namespace", (Callable) arguments -> {
            Namespace namespace = new Namespace();
            for (Object given : arguments.positional()) {
                if (given instanceof Map<?, ?> map) {
                    namespace.values().putAll(Values.dictionary(map));
                }
            }
            namespace.values().putAll(arguments.named());
            return namespace;
        });
        scope.set("dict", (Callable) arguments -> {
            Map<String, @Nullable Object> map = Values.dictionary(
                    arguments.positional().isEmpty()
                            ? Map.of()
                            : asMap(arguments.positional().getFirst()));
            map.putAll(arguments.named());
            return map;
        });
        scope.set("range", (Callable) Functions::range);
        scope.set("strftime_now", (Callable) arguments -> date(now, arguments.text(0, "format", "")));
    }

    private static Map<?, ?> asMap(@Nullable Object value) {
        if (value instanceof Map<?, ?> map) {
            return map;
        }
        throw new IllegalArgumentException(Values.typeName(value) + " is no dictionary");
    }

    private static List<@Nullable Object> range(CallArguments arguments) {
        boolean single = arguments.positional().size() < 2;
        int from = single ? 0 : arguments.integer(0, "start", 0);
        int to = arguments.integer(single ? 0 : 1, "stop", 0);
        int step = arguments.integer(2, "step", 1);
        if (step == 0 || ((long) to - from) / step > MAX_RANGE) {
            throw new IllegalArgumentException("a range of more than " + MAX_RANGE + " numbers");
        }
        List<@Nullable Object> numbers = new ArrayList<>();
        for (long i = from; step > 0 ? i < to : i > to; i += step) {
            numbers.add(i);
        }
        return numbers;
    }

    private static String date(LocalDateTime now, String format) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            boolean unpadded = c == '%' && format.startsWith("-", i + 1);
            int code = unpadded ? i + 2 : i + 1;
            if (c != '%' || code >= format.length()) {
                text.append(c);
                continue;
            }
            i = code;
            char letter = format.charAt(code);
            String pattern = DATES.get(letter);
            if (letter == '%') {
                text.append('%');
            } else if (pattern == null) {
                throw new IllegalArgumentException("'%" + letter + "' is not supported in a date");
            } else {
                String part =
                        DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH).format(now);
                text.append(unpadded ? part.replaceAll("^0+(?=.)", "") : part);
            }
        }
        return text.toString();
    }
}
