package dev.troupe.model.jinja;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Something with a value. */
sealed interface Expression {
    int line();

    record Constant(@Nullable Object value, int line) implements Expression {}

    record Name(String name, int line) implements Expression {}

    record ListOf(List<Expression> items, int line) implements Expression {}

    record DictOf(Map<Expression, Expression> items, int line) implements Expression {}

    record Attribute(Expression object, String name, int line) implements Expression {}

    record Item(Expression object, Expression index, int line) implements Expression {}

    record Slice(
            Expression object,
            @Nullable Expression from,
            @Nullable Expression to,
            @Nullable Expression step,
            int line) implements Expression {}

    record Call(Expression function, Arguments arguments, int line) implements Expression {}

    record Filter(Expression object, String name, Arguments arguments, int line) implements Expression {}

    record Test(Expression object, String name, Arguments arguments, boolean negated, int line) implements Expression {}

    record Unary(String operator, Expression operand, int line) implements Expression {}

    record Binary(String operator, Expression left, Expression right, int line) implements Expression {}

    /** {@code a < b <= c}: operators[i] between operands[i] and operands[i + 1]. */
    record Comparison(List<Expression> operands, List<String> operators, int line) implements Expression {}

    record Conditional(
            Expression value,
            Expression condition,
            @Nullable Expression otherwise,
            int line) implements Expression {}

    /** Of a call. */
    record Arguments(List<Expression> positional, Map<String, Expression> named) {
        static final Arguments NONE = new Arguments(List.of(), Map.of());
    }
}
