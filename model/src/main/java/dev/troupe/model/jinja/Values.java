package dev.troupe.model.jinja;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What Python makes of values: truth, equality, order, text. */
final class Values {
    private Values() {}

    static boolean isTrue(@Nullable Object value) {
        return switch (value) {
            case null -> false;
            case Undefined undefined -> false;
            case Boolean b -> b;
            case Long n -> n != 0;
            case Double d -> d != 0;
            case String s -> !s.isEmpty();
            case List<?> list -> !list.isEmpty();
            case Map<?, ?> map -> !map.isEmpty();
            default -> true;
        };
    }

    static boolean isNumber(@Nullable Object value) {
        return value instanceof Long || value instanceof Double || value instanceof Boolean;
    }

    /** A boolean counts as 0 or 1. */
    static double number(@Nullable Object value) {
        return switch (value) {
            case Boolean b -> b ? 1 : 0;
            case Long n -> n;
            case Double d -> d;
            case null, default -> throw new IllegalArgumentException(typeName(value) + " is no number");
        };
    }

    static boolean areEqual(@Nullable Object a, @Nullable Object b) {
        if (isNumber(a) && isNumber(b)) {
            return number(a) == number(b);
        }
        if (a instanceof List<?> left && b instanceof List<?> right) {
            if (left.size() != right.size()) {
                return false;
            }
            for (int i = 0; i < left.size(); i++) {
                if (!areEqual(left.get(i), right.get(i))) {
                    return false;
                }
            }
            return true;
        }
        if (a instanceof Map<?, ?> left && b instanceof Map<?, ?> right) {
            return left.size() == right.size()
                    && left.entrySet().stream()
                            .allMatch(entry -> right.containsKey(entry.getKey())
                                    && areEqual(entry.getValue(), right.get(entry.getKey())));
        }
        if (a instanceof Undefined && b instanceof Undefined) {
            return true;
        }
        return Objects.equals(a, b);
    }

    /** As {@link Comparable#compareTo}; throws for values without an order. */
    static int compare(@Nullable Object a, @Nullable Object b) {
        if (isNumber(a) && isNumber(b)) {
            return Double.compare(number(a), number(b));
        }
        if (a instanceof String left && b instanceof String right) {
            return left.compareTo(right);
        }
        if (a instanceof List<?> left && b instanceof List<?> right) {
            for (int i = 0; i < Math.min(left.size(), right.size()); i++) {
                if (!areEqual(left.get(i), right.get(i))) {
                    return compare(left.get(i), right.get(i));
                }
            }
            return Integer.compare(left.size(), right.size());
        }
        throw new IllegalArgumentException(typeName(a) + " and " + typeName(b) + " have no order");
    }

    /** What is printed. */
    static String text(@Nullable Object value) {
        return switch (value) {
            case String s -> s;
            case Undefined undefined -> "";
            case null, default -> represented(value);
        };
    }

    /** Python's {@code repr}. */
    static String represented(@Nullable Object value) {
        return switch (value) {
            case null -> "None";
            case Boolean b -> b ? "True" : "False";
            case Long n -> Long.toString(n);
            case Double d -> decimal(d);
            case String s -> quoted(s);
            case Undefined undefined -> "Undefined";
            case List<?> list ->
                "[" + String.join(", ", list.stream().map(Values::represented).toList()) + "]";
            case Map<?, ?> map ->
                "{"
                        + String.join(
                                ", ",
                                map.entrySet().stream()
                                        .map(e -> represented(e.getKey()) + ": " + represented(e.getValue()))
                                        .toList())
                        + "}";
            default -> "<" + typeName(value) + ">";
        };
    }

    private static String decimal(double d) {
        if (d == Math.rint(d) && Math.abs(d) < 1e16) {
            return (long) d + ".0";
        }
        // Python writes 1e-05 where Java has 1.0E-5.
        String java = Double.toString(d);
        int e = java.indexOf('E');
        if (e < 0) {
            return java;
        }
        double size = Math.abs(d);
        if (size >= 1e-4 && size < 1e16) {
            return new BigDecimal(java).toPlainString();
        }
        String digits = java.substring(0, e).replaceAll("\\.0$", "");
        int exponent = Integer.parseInt(java.substring(e + 1));
        return digits + "e" + (exponent < 0 ? "-" : "+") + (Math.abs(exponent) < 10 ? "0" : "") + Math.abs(exponent);
    }

    private static String quoted(String s) {
        char quote = s.contains("'") && !s.contains("\"") ? '"' : '\'';
        StringBuilder text = new StringBuilder().append(quote);
        for (int i = 0; i < s.length(); i++) {
            char c = s.charAt(i);
            int escape = "\n\t\r\\".indexOf(c);
            if (escape >= 0) {
                text.append('\\').append("ntr\\".charAt(escape));
            } else if (c == quote) {
                text.append('\\').append(c);
            } else if (c < ' ') {
                text.append("\\x%02x".formatted((int) c));
            } else {
                text.append(c);
            }
        }
        return text.append(quote).toString();
    }

    static String typeName(@Nullable Object value) {
        return switch (value) {
            case null -> "none";
            case Boolean b -> "a boolean";
            case Long n -> "an integer";
            case Double d -> "a float";
            case String s -> "a string";
            case List<?> list -> "a list";
            case Map<?, ?> map -> "a dictionary";
            case Undefined(String name) -> "'" + name + "', which is undefined,";
            default -> "a " + value.getClass().getSimpleName().toLowerCase(Locale.ROOT);
        };
    }

    /** The elements that a loop goes through: of a list, keys of a dictionary, characters of a text. */
    static List<@Nullable Object> elements(@Nullable Object value) {
        return switch (value) {
            case Undefined undefined -> List.of();
            case List<?> list -> new ArrayList<>(list);
            case Map<?, ?> map -> new ArrayList<>(map.keySet());
            case String s ->
                new ArrayList<>(s.codePoints().mapToObj(Character::toString).toList());
            case null, default -> throw new IllegalArgumentException(typeName(value) + " has no elements");
        };
    }

    static boolean contains(@Nullable Object container, @Nullable Object value) {
        return switch (container) {
            case String s when value instanceof String part -> s.contains(part);
            case String s -> throw new IllegalArgumentException(typeName(value) + " cannot be in a string");
            case Map<?, ?> map -> value != null && map.containsKey(value);
            case null, default -> elements(container).stream().anyMatch(item -> areEqual(item, value));
        };
    }

    /** The number of elements. */
    static long length(@Nullable Object value) {
        return switch (value) {
            case String s -> s.codePointCount(0, s.length());
            case Map<?, ?> map -> map.size();
            case null, default -> elements(value).size();
        };
    }

    /** The pairs of a dictionary, as lists of two. */
    static List<@Nullable Object> items(Map<?, ?> map) {
        List<@Nullable Object> items = new ArrayList<>();
        map.forEach((key, value) -> {
            List<@Nullable Object> pair = new ArrayList<>();
            pair.add(key);
            pair.add(value);
            items.add(pair);
        });
        return items;
    }

    /** A copy with text for keys. */
    static Map<String, @Nullable Object> dictionary(Map<?, ?> map) {
        Map<String, @Nullable Object> copy = new LinkedHashMap<>();
        map.forEach((key, value) -> copy.put(text(key), value));
        return copy;
    }
}
