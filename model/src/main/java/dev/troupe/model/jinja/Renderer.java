package dev.troupe.model.jinja;

import dev.troupe.model.jinja.Expression.Arguments;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Runs a template once. */
final class Renderer {
    /** Most characters of the result, and of any text on the way. */
    static final int MAX_LENGTH = 1 << 23;

    /** Most statements, expressions and elements of loops. */
    static final int MAX_STEPS = 5_000_000;

    /** Most calls of macros and loops in each other. */
    private static final int MAX_DEPTH = 100;

    /** How a list of statements ended. */
    private enum Flow {
        NORMAL,
        BREAK,
        CONTINUE
    }

    private StringBuilder out = new StringBuilder();
    private int steps;
    private long made; // characters of texts on the way
    private int depth;

    String run(List<Statement> template, Scope scope) {
        runAll(template, scope);
        return out.toString();
    }

    private void step(int line) {
        if (++steps > MAX_STEPS) {
            throw new JinjaException(line, "it takes more than " + MAX_STEPS + " steps");
        }
    }

    private Flow runAll(List<Statement> statements, Scope scope) {
        for (Statement statement : statements) {
            Flow flow = run(statement, scope);
            if (flow != Flow.NORMAL) {
                return flow;
            }
        }
        return Flow.NORMAL;
    }

    private Flow run(Statement statement, Scope scope) {
        step(0);
        switch (statement) {
            case Statement.Text(String text) -> print(text, 0);
            case Statement.Print(Expression value) -> print(Values.text(value(value, scope)), value.line());
            case Statement.If(Expression condition, List<Statement> then, List<Statement> otherwise) -> {
                return runAll(Values.isTrue(value(condition, scope)) ? then : otherwise, scope);
            }
            case Statement.For loop -> {
                return loop(loop, scope);
            }
            case Statement.Set(List<String> names, Expression value, int line) ->
                assign(names, value(value, scope), scope, line);
            case Statement.SetAttribute(String object, String attribute, Expression value, int line) -> {
                if (!(scope.get(object) instanceof Namespace namespace)) {
                    throw new JinjaException(line, "'" + object + "' is no namespace: it cannot be changed");
                }
                namespace.values().put(attribute, value(value, scope));
            }
            case Statement.SetBlock(String name, List<Statement> body) -> scope.set(name, captured(body, scope));
            case Statement.Macro macro -> scope.set(macro.name(), macro(macro, scope));
            case Statement.Group(List<Statement> body) -> {
                return runAll(body, scope);
            }
            case Statement.Break ignored -> {
                return Flow.BREAK;
            }
            case Statement.Continue ignored -> {
                return Flow.CONTINUE;
            }
        }
        return Flow.NORMAL;
    }

    private void print(String text, int line) {
        if (out.length() + text.length() > MAX_LENGTH) {
            throw new JinjaException(line, "the prompt gets longer than " + MAX_LENGTH + " characters");
        }
        out.append(text);
    }

    private String captured(List<Statement> body, Scope scope) {
        StringBuilder before = out;
        out = new StringBuilder();
        runAll(body, scope);
        String text = out.toString();
        out = before;
        return text;
    }

    private void enter(int line) {
        if (++depth > MAX_DEPTH) {
            throw new JinjaException(line, "loops and macros are too deep in each other");
        }
    }

    private Flow loop(Statement.For loop, Scope outside) {
        enter(loop.line());
        List<@Nullable Object> items = new ArrayList<>();
        for (Object item : checked(loop.line(), () -> Values.elements(value(loop.items(), outside)))) {
            step(loop.line());
            Scope scope = new Scope(outside);
            assign(loop.names(), item, scope, loop.line());
            if (loop.filter() == null || Values.isTrue(value(loop.filter(), scope))) {
                items.add(item);
            }
        }
        for (int i = 0; i < items.size(); i++) {
            Scope scope = new Scope(outside);
            scope.set("loop", new Loop(items, i, depth - 1));
            assign(loop.names(), items.get(i), scope, loop.line());
            if (runAll(loop.body(), scope) == Flow.BREAK) {
                break;
            }
        }
        depth--;
        return items.isEmpty() ? runAll(loop.otherwise(), outside) : Flow.NORMAL;
    }

    private static void assign(List<String> names, @Nullable Object value, Scope scope, int line) {
        if (names.size() == 1) {
            scope.set(names.getFirst(), value);
            return;
        }
        if (!(value instanceof List<?> list) || list.size() != names.size()) {
            throw new JinjaException(
                    line, Values.typeName(value) + " cannot be taken apart into " + names.size() + " values");
        }
        for (int i = 0; i < names.size(); i++) {
            scope.set(names.get(i), list.get(i));
        }
    }

    private Callable macro(Statement.Macro macro, Scope outside) {
        return arguments -> {
            List<@Nullable Object> positional = arguments.positional();
            enter(0);
            Scope scope = new Scope(outside);
            if (positional.size() > macro.parameters().size()) {
                throw new IllegalArgumentException("the macro '" + macro.name() + "' takes at most "
                        + macro.parameters().size() + " arguments");
            }
            for (int i = 0; i < macro.parameters().size(); i++) {
                String name = macro.parameters().get(i);
                Expression byDefault = macro.defaults().get(name);
                if (i < positional.size()) {
                    scope.set(name, positional.get(i));
                } else if (arguments.named().containsKey(name)) {
                    scope.set(name, arguments.named().get(name));
                } else {
                    scope.set(name, byDefault == null ? new Undefined(name) : value(byDefault, scope));
                }
            }
            String text = captured(macro.body(), scope);
            depth--;
            return text;
        };
    }

    @FunctionalInterface
    private interface Attempt<T extends @Nullable Object> {
        T get();
    }

    /** Adds the line to what is told without one. */
    private static <T extends @Nullable Object> T checked(int line, Attempt<T> attempt) {
        try {
            return attempt.get();
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new JinjaException(line, String.valueOf(e.getMessage()));
        }
    }

    private @Nullable Object value(Expression expression, Scope scope) {
        step(expression.line());
        Object value = checked(expression.line(), () -> evaluated(expression, scope));
        if (value instanceof String s) {
            made += s.length();
            if (made > 8L * MAX_LENGTH) {
                throw new JinjaException(expression.line(), "it makes too much text");
            }
        }
        return value;
    }

    private @Nullable Object evaluated(Expression expression, Scope scope) {
        return switch (expression) {
            case Expression.Constant constant -> constant.value();
            case Expression.Name(String name, int line) -> scope.get(name);
            case Expression.ListOf(List<Expression> items, int line) -> values(items, scope);
            case Expression.DictOf(Map<Expression, Expression> items, int line) -> {
                Map<String, @Nullable Object> map = new LinkedHashMap<>();
                items.forEach((key, item) -> map.put(Values.text(value(key, scope)), value(item, scope)));
                yield map;
            }
            case Expression.Attribute(Expression object, String name, int line) ->
                Operators.attribute(value(object, scope), name);
            case Expression.Item(Expression object, Expression index, int line) ->
                Operators.item(value(object, scope), value(index, scope));
            case Expression.Slice slice ->
                Operators.slice(
                        value(slice.object(), scope),
                        bound(slice.from(), scope),
                        bound(slice.to(), scope),
                        bound(slice.step(), scope));
            case Expression.Call(Expression function, Arguments arguments, int line) ->
                called(value(function, scope), function, arguments(arguments, scope));
            case Expression.Filter(Expression object, String name, Arguments arguments, int line) ->
                Filters.apply(value(object, scope), name, arguments(arguments, scope));
            case Expression.Test(Expression object, String name, Arguments arguments, boolean negated, int line) ->
                Tests.holds(value(object, scope), name, arguments(arguments, scope)) != negated;
            case Expression.Unary(String operator, Expression operand, int line) ->
                unary(operator, value(operand, scope));
            case Expression.Binary binary -> binary(binary, scope);
            case Expression.Comparison comparison -> compared(comparison, scope);
            case Expression.Conditional(Expression value, Expression condition, Expression otherwise, int line) ->
                Values.isTrue(value(condition, scope))
                        ? value(value, scope)
                        : otherwise == null ? new Undefined("else") : value(otherwise, scope);
        };
    }

    private List<@Nullable Object> values(List<Expression> expressions, Scope scope) {
        List<@Nullable Object> values = new ArrayList<>();
        expressions.forEach(expression -> values.add(value(expression, scope)));
        return values;
    }

    private CallArguments arguments(Arguments arguments, Scope scope) {
        Map<String, @Nullable Object> named = new LinkedHashMap<>();
        arguments.named().forEach((name, expression) -> named.put(name, value(expression, scope)));
        return new CallArguments(values(arguments.positional(), scope), named);
    }

    private static @Nullable Object called(@Nullable Object function, Expression name, CallArguments arguments) {
        if (function instanceof Callable callable) {
            return callable.call(arguments);
        }
        String shown = switch (name) {
            case Expression.Name(String n, int line) -> n;
            case Expression.Attribute(Expression object, String n, int line) -> n;
            default -> Values.typeName(function);
        };
        throw new IllegalArgumentException("'" + shown + "' cannot be called: there is no such function or method");
    }

    private @Nullable Long bound(@Nullable Expression expression, Scope scope) {
        Object value = expression == null ? null : value(expression, scope);
        return value == null ? null : (Long) (long) Values.number(value);
    }

    private static Object unary(String operator, @Nullable Object operand) {
        return switch (operator) {
            case "not" -> !Values.isTrue(operand);
            case "-" -> operand instanceof Long n ? (Object) (-n) : (Object) (-Values.number(operand));
            default -> operand instanceof Long n ? (Object) n : (Object) Values.number(operand);
        };
    }

    private @Nullable Object binary(Expression.Binary binary, Scope scope) {
        Object left = value(binary.left(), scope);
        return switch (binary.operator()) {
            case "and" -> Values.isTrue(left) ? value(binary.right(), scope) : left;
            case "or" -> Values.isTrue(left) ? left : value(binary.right(), scope);
            case String operator -> Operators.binary(operator, left, value(binary.right(), scope), MAX_LENGTH);
        };
    }

    private boolean compared(Expression.Comparison comparison, Scope scope) {
        Object left = value(comparison.operands().getFirst(), scope);
        for (int i = 0; i < comparison.operators().size(); i++) {
            Object right = value(comparison.operands().get(i + 1), scope);
            if (!Operators.compare(comparison.operators().get(i), left, right)) {
                return false;
            }
            left = right;
        }
        return true;
    }
}
