package dev.troupe.model.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Python's operators on values. Problems are told without a line. */
final class Operators {
    private Operators() {}

    /** @param maxLength of what may come out */
    static Object binary(String operator, @Nullable Object a, @Nullable Object b, int maxLength) {
        if (operator.equals("~")) {
            return Values.text(a) + Values.text(b);
        }
        if (operator.equals("+") && a instanceof String left && b instanceof String right) {
            return left + right;
        }
        if (operator.equals("+") && a instanceof List<?> left && b instanceof List<?> right) {
            List<@Nullable Object> all = new ArrayList<>(left);
            all.addAll(right);
            return all;
        }
        if (operator.equals("*") && b instanceof Long count && (a instanceof String || a instanceof List)) {
            return repeated(a, count, maxLength);
        }
        if (!Values.isNumber(a) || !Values.isNumber(b)) {
            throw new IllegalArgumentException(
                    Values.typeName(a) + " and " + Values.typeName(b) + " have no '" + operator + "'");
        }
        boolean whole = !(a instanceof Double) && !(b instanceof Double) && !operator.equals("/");
        return whole
                ? whole(operator, (long) Values.number(a), (long) Values.number(b))
                : decimal(operator, Values.number(a), Values.number(b));
    }

    private static Object repeated(Object a, long count, int maxLength) {
        long length = Math.max(0, count) * Values.length(a);
        if (length > maxLength) {
            throw new IllegalArgumentException("a repetition of " + length + " elements is too long");
        }
        if (a instanceof String s) {
            return s.repeat((int) Math.max(0, count));
        }
        List<@Nullable Object> all = new ArrayList<>();
        for (long i = 0; i < count; i++) {
            all.addAll((List<?>) a);
        }
        return all;
    }

    private static Object whole(String operator, long a, long b) {
        return switch (operator) {
            case "+" -> a + b;
            case "-" -> a - b;
            case "*" -> a * b;
            case "//" -> Math.floorDiv(a, nonZero(b));
            case "%" -> Math.floorMod(a, nonZero(b));
            default ->
                b < 0 ? (Object) Math.pow((double) a, (double) b) : (Object) (long) Math.pow((double) a, (double) b);
        };
    }

    private static long nonZero(long b) {
        if (b == 0) {
            throw new IllegalArgumentException("a division by zero");
        }
        return b;
    }

    private static double decimal(String operator, double a, double b) {
        return switch (operator) {
            case "+" -> a + b;
            case "-" -> a - b;
            case "*" -> a * b;
            case "/" -> a / nonZero(b);
            case "//" -> Math.floor(a / nonZero(b));
            case "%" -> a - b * Math.floor(a / nonZero(b));
            default -> Math.pow(a, b);
        };
    }

    private static double nonZero(double b) {
        if (b == 0) {
            throw new IllegalArgumentException("a division by zero");
        }
        return b;
    }

    static boolean compare(String operator, @Nullable Object a, @Nullable Object b) {
        return switch (operator) {
            case "==" -> Values.areEqual(a, b);
            case "!=" -> !Values.areEqual(a, b);
            case "in" -> Values.contains(b, a);
            case "not in" -> !Values.contains(b, a);
            case "<" -> Values.compare(a, b) < 0;
            case "<=" -> Values.compare(a, b) <= 0;
            case ">" -> Values.compare(a, b) > 0;
            default -> Values.compare(a, b) >= 0;
        };
    }

    /** {@code object[index]}; {@link Undefined} when there is nothing. */
    static @Nullable Object item(@Nullable Object object, @Nullable Object index) {
        return switch (object) {
            case Map<?, ?> map when map.containsKey(index) -> map.get(index);
            case List<?> list when index instanceof Long i -> element(new ArrayList<>(list), i);
            case String s when index instanceof Long i -> element(Values.elements(s), i);
            case Undefined undefined -> throw new IllegalArgumentException("'" + undefined.name() + "' is undefined");
            case null -> throw new IllegalArgumentException("none has no element " + Values.represented(index));
            default -> index instanceof String name ? attribute(object, name) : new Undefined(Values.text(index));
        };
    }

    /** @param index from the end when it is negative */
    private static @Nullable Object element(List<@Nullable Object> items, long index) {
        long at = index < 0 ? index + items.size() : index;
        return at >= 0 && at < items.size() ? items.get((int) at) : new Undefined("element " + index);
    }

    /** {@code object.name}; {@link Undefined} when there is nothing. */
    static @Nullable Object attribute(@Nullable Object object, String name) {
        Callable method = Methods.find(object, name);
        if (method != null) {
            return method;
        }
        return switch (object) {
            case Map<?, ?> map -> map.containsKey(name) ? map.get(name) : new Undefined(name);
            case Loop loop -> loop.attribute(name);
            case Namespace namespace ->
                namespace.values().containsKey(name) ? namespace.values().get(name) : new Undefined(name);
            case Undefined undefined -> throw new IllegalArgumentException("'" + undefined.name() + "' is undefined");
            case null, default -> new Undefined(name);
        };
    }

    /** {@code object[from:to:step]} with Python's rules; null where nothing is said. */
    static Object slice(@Nullable Object object, @Nullable Long from, @Nullable Long to, @Nullable Long step) {
        List<@Nullable Object> all = Values.elements(object);
        long stride = step == null ? 1 : step;
        if (stride == 0) {
            throw new IllegalArgumentException("a slice with step 0");
        }
        int size = all.size();
        long first = bound(from, stride > 0 ? 0 : size - 1L, size, stride);
        long end = bound(to, stride > 0 ? size : -1L, size, stride);
        List<@Nullable Object> part = new ArrayList<>();
        for (long i = first; stride > 0 ? i < end : i > end; i += stride) {
            part.add(all.get((int) i));
        }
        return object instanceof String
                ? String.join("", part.stream().map(Values::text).toList())
                : part;
    }

    private static long bound(@Nullable Long given, long absent, int size, long stride) {
        if (given == null) {
            return absent;
        }
        long at = given < 0 ? given + size : given;
        return stride > 0 ? Math.clamp(at, 0, size) : Math.clamp(at, -1, size - 1L);
    }
}
