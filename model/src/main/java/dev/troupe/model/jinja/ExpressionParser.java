package dev.troupe.model.jinja;

import dev.troupe.model.jinja.Expression.Arguments;
import dev.troupe.model.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads expressions, with the precedence that Jinja's own parser gives its operators. */
final class ExpressionParser {
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", ">", "<=", ">=");
    private static final int MAX_DEPTH = 200;

    private final TokenReader in;
    private int depth;

    ExpressionParser(TokenReader in) {
        this.in = in;
    }

    /** An expression, or a tuple without parentheses. */
    Expression tuple() {
        int line = in.peek().line();
        Expression first = expression();
        if (!in.atOperator(",")) {
            return first;
        }
        List<Expression> items = new ArrayList<>(List.of(first));
        while (in.acceptOperator(",") && startsExpression()) {
            items.add(expression());
        }
        return new Expression.ListOf(items, line);
    }

    private boolean startsExpression() {
        Token token = in.peek();
        return switch (token.kind()) {
            case CLOSE_BLOCK, CLOSE_PRINT, END -> false;
            case OPERATOR -> "([{-+".contains(token.text());
            default -> true;
        };
    }

    Expression expression() {
        if (++depth > MAX_DEPTH) {
            throw new JinjaException(in.peek().line(), "expressions are too deep in each other");
        }
        Expression value = or();
        while (in.acceptName("if")) {
            Expression condition = or();
            value = new Expression.Conditional(
                    value, condition, in.acceptName("else") ? expression() : null, condition.line());
        }
        depth--;
        return value;
    }

    /** What follows "in" of a loop: there "if" filters and is no condition. */
    Expression withoutCondition() {
        return or();
    }

    private Expression or() {
        Expression left = and();
        while (in.atName("or")) {
            int line = in.next().line();
            left = new Expression.Binary("or", left, and(), line);
        }
        return left;
    }

    private Expression and() {
        Expression left = not();
        while (in.atName("and")) {
            int line = in.next().line();
            left = new Expression.Binary("and", left, not(), line);
        }
        return left;
    }

    private Expression not() {
        if (in.atName("not")) {
            int line = in.next().line();
            return new Expression.Unary("not", not(), line);
        }
        return comparison();
    }

    private Expression comparison() {
        Expression first = sum();
        List<Expression> operands = new ArrayList<>(List.of(first));
        List<String> operators = new ArrayList<>();
        while (true) {
            if (in.peek().kind() == Kind.OPERATOR
                    && COMPARISONS.contains(in.peek().text())) {
                operators.add(in.next().text());
            } else if (in.acceptName("in")) {
                operators.add("in");
            } else if (in.atName("not") && in.peekSecond().is(Kind.NAME, "in")) {
                in.next();
                in.next();
                operators.add("not in");
            } else {
                break;
            }
            operands.add(sum());
        }
        return operators.isEmpty() ? first : new Expression.Comparison(operands, operators, first.line());
    }

    private Expression sum() {
        Expression left = concatenation();
        while (in.atOperator("+") || in.atOperator("-")) {
            Token operator = in.next();
            left = new Expression.Binary(operator.text(), left, concatenation(), operator.line());
        }
        return left;
    }

    private Expression concatenation() {
        Expression left = product();
        while (in.atOperator("~")) {
            int line = in.next().line();
            left = new Expression.Binary("~", left, product(), line);
        }
        return left;
    }

    private Expression product() {
        Expression left = power();
        while (in.atOperator("*") || in.atOperator("/") || in.atOperator("//") || in.atOperator("%")) {
            Token operator = in.next();
            left = new Expression.Binary(operator.text(), left, power(), operator.line());
        }
        return left;
    }

    private Expression power() {
        Expression left = unary(true);
        while (in.atOperator("**")) {
            int line = in.next().line();
            left = new Expression.Binary("**", left, unary(true), line);
        }
        return left;
    }

    private Expression unary(boolean withFilters) {
        Expression value;
        if (in.atOperator("-") || in.atOperator("+")) {
            Token sign = in.next();
            value = new Expression.Unary(sign.text(), unary(false), sign.line());
        } else {
            value = primary();
        }
        value = postfix(value);
        return withFilters ? filters(value) : value;
    }

    private Expression primary() {
        Token token = in.peek();
        int line = token.line();
        switch (token.kind()) {
            case NAME -> {
                in.next();
                return switch (token.text()) {
                    case "true", "True" -> new Expression.Constant(true, line);
                    case "false", "False" -> new Expression.Constant(false, line);
                    case "none", "None" -> new Expression.Constant(null, line);
                    case String name -> new Expression.Name(name, line);
                };
            }
            case STRING -> {
                StringBuilder text = new StringBuilder();
                while (in.peek().kind() == Kind.STRING) {
                    text.append(in.next().text());
                }
                return new Expression.Constant(text.toString(), line);
            }
            case INTEGER, FLOAT -> {
                in.next();
                return new Expression.Constant(number(token), line);
            }
            case OPERATOR -> {
                if (in.acceptOperator("(")) {
                    return parenthesis(line);
                }
                if (in.acceptOperator("[")) {
                    return new Expression.ListOf(items("]"), line);
                }
                if (in.acceptOperator("{")) {
                    return dict(line);
                }
            }
            default -> {}
        }
        throw in.unexpected("a value");
    }

    private static Object number(Token token) {
        try {
            return token.kind() == Kind.FLOAT
                    ? (Object) Double.valueOf(token.text())
                    : (Object) Long.valueOf(token.text());
        } catch (NumberFormatException e) {
            throw new JinjaException(token.line(), "the number " + token.text() + " is too large");
        }
    }

    private Expression parenthesis(int line) {
        if (in.acceptOperator(")")) {
            return new Expression.ListOf(List.of(), line);
        }
        Expression first = expression();
        if (in.acceptOperator(")")) {
            return first;
        }
        in.expectOperator(",");
        List<Expression> all = new ArrayList<>(List.of(first));
        all.addAll(items(")"));
        return new Expression.ListOf(all, line);
    }

    private List<Expression> items(String close) {
        List<Expression> items = new ArrayList<>();
        while (!in.acceptOperator(close)) {
            items.add(expression());
            if (!in.atOperator(close)) {
                in.expectOperator(",");
            }
        }
        return items;
    }

    private Expression dict(int line) {
        Map<Expression, Expression> items = new LinkedHashMap<>();
        while (!in.acceptOperator("}")) {
            Expression key = expression();
            in.expectOperator(":");
            items.put(key, expression());
            if (!in.atOperator("}")) {
                in.expectOperator(",");
            }
        }
        return new Expression.DictOf(items, line);
    }

    private Expression postfix(Expression start) {
        Expression value = start;
        while (true) {
            int line = in.peek().line();
            if (in.acceptOperator(".")) {
                value = in.peek().kind() == Kind.INTEGER
                        ? new Expression.Item(value, new Expression.Constant(number(in.next()), line), line)
                        : new Expression.Attribute(value, in.anyName(), line);
            } else if (in.acceptOperator("[")) {
                value = subscript(value, line);
            } else if (in.acceptOperator("(")) {
                value = new Expression.Call(value, arguments(), line);
            } else {
                return value;
            }
        }
    }

    private Expression subscript(Expression object, int line) {
        Expression from = in.atOperator(":") ? null : expression();
        if (in.acceptOperator("]") && from != null) {
            return new Expression.Item(object, from, line);
        }
        in.expectOperator(":");
        Expression to = in.atOperator(":") || in.atOperator("]") ? null : expression();
        Expression step = in.acceptOperator(":") && !in.atOperator("]") ? expression() : null;
        in.expectOperator("]");
        return new Expression.Slice(object, from, to, step, line);
    }

    /** Up to and with the closing parenthesis. */
    private Arguments arguments() {
        List<Expression> positional = new ArrayList<>();
        Map<String, Expression> named = new LinkedHashMap<>();
        while (!in.acceptOperator(")")) {
            if (in.peek().kind() == Kind.NAME && in.peekSecond().is(Kind.OPERATOR, "=")) {
                String name = in.anyName();
                in.expectOperator("=");
                named.put(name, expression());
            } else {
                positional.add(expression());
            }
            if (!in.atOperator(")")) {
                in.expectOperator(",");
            }
        }
        return new Arguments(positional, named);
    }

    private Expression filters(Expression start) {
        Expression value = start;
        while (true) {
            int line = in.peek().line();
            if (in.acceptOperator("|")) {
                String name = in.anyName();
                Filters.check(name, line);
                value = new Expression.Filter(value, name, in.acceptOperator("(") ? arguments() : Arguments.NONE, line);
            } else if (in.acceptName("is")) {
                value = test(value, line);
            } else if (in.acceptOperator("(")) {
                value = new Expression.Call(value, arguments(), line);
            } else {
                return value;
            }
        }
    }

    private Expression test(Expression object, int line) {
        boolean negated = in.acceptName("not");
        String name = in.peek().is(Kind.OPERATOR, "==") ? in.next().text() : in.anyName();
        Tests.check(name, line);
        Arguments arguments = Arguments.NONE;
        if (in.acceptOperator("(")) {
            arguments = arguments();
        } else if (startsTestArgument()) {
            arguments = new Arguments(List.of(postfix(primary())), Map.of());
        }
        return new Expression.Test(object, name, arguments, negated, line);
    }

    private boolean startsTestArgument() {
        Token token = in.peek();
        return switch (token.kind()) {
            case STRING, INTEGER, FLOAT -> true;
            case NAME -> !Set.of("and", "or", "not", "if", "else", "is", "in").contains(token.text());
            case OPERATOR -> token.text().equals("[") || token.text().equals("{");
            default -> false;
        };
    }

    /** A default value of a macro's parameter, when there is one. */
    @Nullable Expression defaultValue() {
        return in.acceptOperator("=") ? expression() : null;
    }
}
