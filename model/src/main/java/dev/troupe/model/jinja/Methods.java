package dev.troupe.model.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The methods of Python's strings, lists and dictionaries that change nothing. */
final class Methods {
    private static final Set<String> OF_STRINGS = Set.of(
            "strip",
            "lstrip",
            "rstrip",
            "split",
            "rsplit",
            "splitlines",
            "startswith",
            "endswith",
            "upper",
            "lower",
            "title",
            "capitalize",
            "replace",
            "join",
            "find",
            "rfind",
            "count",
            "isdigit",
            "isalpha",
            "isalnum",
            "isspace",
            "isupper",
            "islower",
            "removeprefix",
            "removesuffix",
            "format",
            "zfill",
            "partition");
    private static final Set<String> OF_DICTIONARIES = Set.of("items", "keys", "values", "get", "copy");
    private static final Set<String> OF_LISTS = Set.of("index", "count", "copy");

    private Methods() {}

    /** A method of an object, or null when it has none of that name. */
    static @Nullable Callable find(@Nullable Object object, String name) {
        return switch (object) {
            case String s when OF_STRINGS.contains(name) -> arguments -> ofString(s, name, arguments);
            case Map<?, ?> map when OF_DICTIONARIES.contains(name) -> arguments -> ofDictionary(map, name, arguments);
            case List<?> list when OF_LISTS.contains(name) -> arguments -> ofList(list, name, arguments);
            case null, default -> null;
        };
    }

    private static @Nullable Object ofDictionary(Map<?, ?> map, String name, CallArguments arguments) {
        return switch (name) {
            case "items" -> Values.items(map);
            case "keys" -> new ArrayList<>(map.keySet());
            case "values" -> new ArrayList<>(map.values());
            case "copy" -> Values.dictionary(map);
            default -> {
                Object key = arguments.required(0, "key");
                yield map.containsKey(key) ? map.get(key) : arguments.get(1, "default", null);
            }
        };
    }

    private static Object ofList(List<?> list, String name, CallArguments arguments) {
        if (name.equals("copy")) {
            return new ArrayList<>(list);
        }
        Object wanted = arguments.required(0, "value");
        if (name.equals("count")) {
            return list.stream().filter(item -> Values.areEqual(item, wanted)).count();
        }
        for (int i = 0; i < list.size(); i++) {
            if (Values.areEqual(list.get(i), wanted)) {
                return (long) i;
            }
        }
        throw new IllegalArgumentException(Values.represented(wanted) + " is not in the list");
    }

    private static Object ofString(String s, String name, CallArguments arguments) {
        return switch (name) {
            case "strip" -> strip(s, characters(arguments), true, true);
            case "lstrip" -> strip(s, characters(arguments), true, false);
            case "rstrip" -> strip(s, characters(arguments), false, true);
            case "split" -> split(s, arguments);
            case "rsplit" -> rsplit(s, arguments);
            case "splitlines" -> new ArrayList<>(s.lines().toList());
            case "startswith" -> anyOf(arguments, s::startsWith);
            case "endswith" -> anyOf(arguments, s::endsWith);
            case "upper" -> s.toUpperCase(Locale.ROOT);
            case "lower" -> s.toLowerCase(Locale.ROOT);
            case "title" -> title(s);
            case "capitalize" -> capitalized(s);
            case "replace" ->
                replace(
                        s,
                        arguments.text(0, "old", ""),
                        arguments.text(1, "new", ""),
                        arguments.integer(2, "count", -1));
            case "join" ->
                String.join(
                        s,
                        Values.elements(arguments.required(0, "iterable")).stream()
                                .map(Values::text)
                                .toList());
            case "find" -> (long) s.indexOf(arguments.text(0, "sub", ""));
            case "rfind" -> (long) s.lastIndexOf(arguments.text(0, "sub", ""));
            case "count" -> (long) s.split(Pattern.quote(arguments.text(0, "sub", "")), -1).length - 1;
            case "isdigit" -> !s.isEmpty() && s.codePoints().allMatch(Character::isDigit);
            case "isalpha" -> !s.isEmpty() && s.codePoints().allMatch(Character::isLetter);
            case "isalnum" -> !s.isEmpty() && s.codePoints().allMatch(Character::isLetterOrDigit);
            case "isspace" -> !s.isEmpty() && s.codePoints().allMatch(Character::isWhitespace);
            case "isupper" -> s.codePoints().anyMatch(Character::isLetter) && s.equals(s.toUpperCase(Locale.ROOT));
            case "islower" -> s.codePoints().anyMatch(Character::isLetter) && s.equals(s.toLowerCase(Locale.ROOT));
            case "removeprefix" -> {
                String prefix = arguments.text(0, "prefix", "");
                yield s.startsWith(prefix) ? s.substring(prefix.length()) : s;
            }
            case "removesuffix" -> {
                String suffix = arguments.text(0, "suffix", "");
                yield s.endsWith(suffix) ? s.substring(0, s.length() - suffix.length()) : s;
            }
            case "zfill" -> "0".repeat(Math.clamp(arguments.integer(0, "width", 0) - s.length(), 0, 1000)) + s;
            case "partition" -> {
                String separator = arguments.text(0, "sep", "");
                int at = s.indexOf(separator);
                yield at < 0
                        ? List.of(s, "", "")
                        : List.of(s.substring(0, at), separator, s.substring(at + separator.length()));
            }
            default -> format(s, arguments);
        };
    }

    private static boolean anyOf(CallArguments arguments, Predicate<String> matches) {
        Object wanted = arguments.required(0, "prefix");
        return (wanted instanceof List<?> list ? list : List.of(Values.text(wanted)))
                .stream().anyMatch(item -> matches.test(Values.text(item)));
    }

    private static @Nullable String characters(CallArguments arguments) {
        return arguments.get(0, "chars", null) == null ? null : arguments.text(0, "chars", "");
    }

    /** @param characters that go, null for white space */
    static String strip(String s, @Nullable String characters, boolean left, boolean right) {
        int from = 0;
        int to = s.length();
        while (left && from < to && isStripped(s.charAt(from), characters)) {
            from++;
        }
        while (right && to > from && isStripped(s.charAt(to - 1), characters)) {
            to--;
        }
        return s.substring(from, to);
    }

    private static boolean isStripped(char c, @Nullable String characters) {
        return characters == null ? Character.isWhitespace(c) || c == '\u00a0' : characters.indexOf(c) >= 0;
    }

    private static List<@Nullable Object> split(String s, CallArguments arguments) {
        int limit = arguments.integer(1, "maxsplit", -1);
        List<@Nullable Object> parts = new ArrayList<>();
        String rest = s;
        if (arguments.get(0, "sep", null) == null) {
            rest = strip(rest, null, true, false);
            while (!rest.isEmpty() && (limit < 0 || parts.size() < limit)) {
                int end = 0;
                while (end < rest.length() && !isStripped(rest.charAt(end), null)) {
                    end++;
                }
                parts.add(rest.substring(0, end));
                rest = strip(rest.substring(end), null, true, false);
            }
            if (!rest.isEmpty()) {
                parts.add(strip(rest, null, false, true));
            }
            return parts;
        }
        String separator = separator(arguments);
        int at;
        while ((limit < 0 || parts.size() < limit) && (at = rest.indexOf(separator)) >= 0) {
            parts.add(rest.substring(0, at));
            rest = rest.substring(at + separator.length());
        }
        parts.add(rest);
        return parts;
    }

    private static List<@Nullable Object> rsplit(String s, CallArguments arguments) {
        int limit = arguments.integer(1, "maxsplit", -1);
        if (arguments.get(0, "sep", null) == null || limit < 0) {
            return split(
                    s,
                    new CallArguments(arguments.positional().stream().limit(1).toList(), arguments.named()));
        }
        String separator = separator(arguments);
        List<@Nullable Object> parts = new ArrayList<>();
        String rest = s;
        int at;
        while (parts.size() < limit && (at = rest.lastIndexOf(separator)) >= 0) {
            parts.addFirst(rest.substring(at + separator.length()));
            rest = rest.substring(0, at);
        }
        parts.addFirst(rest);
        return parts;
    }

    private static String separator(CallArguments arguments) {
        String separator = arguments.text(0, "sep", "");
        if (separator.isEmpty()) {
            throw new IllegalArgumentException("the separator is empty");
        }
        return separator;
    }

    static String replace(String s, String old, String by, int count) {
        if (count < 0) {
            return s.replace(old, by);
        }
        StringBuilder text = new StringBuilder();
        int from = 0;
        for (int i = 0; i < count; i++) {
            int at = s.indexOf(old, from);
            if (at < 0 || old.isEmpty()) {
                break;
            }
            text.append(s, from, at).append(by);
            from = at + old.length();
        }
        return text.append(s.substring(from)).toString();
    }

    static String title(String s) {
        StringBuilder text = new StringBuilder();
        boolean inWord = false;
        for (int i = 0; i < s.length(); i++) {
            char c = s.charAt(i);
            text.append(inWord ? Character.toLowerCase(c) : Character.toUpperCase(c));
            inWord = Character.isLetter(c);
        }
        return text.toString();
    }

    static String capitalized(String s) {
        return s.isEmpty()
                ? s
                : s.substring(0, 1).toUpperCase(Locale.ROOT) + s.substring(1).toLowerCase(Locale.ROOT);
    }

    /** Fields without a specification: {}, {0}, {name}. */
    private static String format(String s, CallArguments arguments) {
        StringBuilder text = new StringBuilder();
        int next = 0;
        for (int i = 0; i < s.length(); i++) {
            char c = s.charAt(i);
            if ((c == '{' || c == '}') && i + 1 < s.length() && s.charAt(i + 1) == c) {
                text.append(c);
                i++;
            } else if (c == '{') {
                int end = s.indexOf('}', i);
                String field = end < 0 ? "!" : s.substring(i + 1, end);
                boolean isIndex = field.matches("\\d{1,4}");
                if (!isIndex && !field.matches("\\w*")) {
                    throw new IllegalArgumentException("the field {" + field + "} is not supported");
                }
                int index = field.isEmpty() ? next++ : isIndex ? Integer.parseInt(field) : Integer.MAX_VALUE;
                text.append(Values.text(arguments.required(index, field)));
                i = end;
            } else {
                text.append(c);
            }
        }
        return text.toString();
    }
}
