package dev.troupe.model.jinja;

import dev.troupe.model.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads a template's statements. */
final class TemplateParser {
    private static final int MAX_DEPTH = 100;

    private final TokenReader in;
    private final ExpressionParser expressions;
    private int depth;
    private int loops; // open here

    private TemplateParser(TokenReader in) {
        this.in = in;
        this.expressions = new ExpressionParser(in);
    }

    static List<Statement> parse(String template) {
        TemplateParser parser = new TemplateParser(new TokenReader(Lexer.tokens(template)));
        List<Statement> body = parser.body(Set.of());
        if (parser.in.peek().kind() != Kind.END) {
            throw new JinjaException(
                    parser.in.peek().line(), "'" + parser.in.peekSecond().text() + "' ends what was not begun");
        }
        return body;
    }

    /** Statements up to a block that begins with one of these names, which is left to be read. */
    private List<Statement> body(Set<String> ends) {
        if (++depth > MAX_DEPTH) {
            throw new JinjaException(in.peek().line(), "blocks are too deep in each other");
        }
        List<Statement> body = new ArrayList<>();
        while (true) {
            Token token = in.peek();
            if (token.kind() == Kind.END) {
                if (!ends.isEmpty()) {
                    throw new JinjaException(token.line(), "one of " + ends + " is missing");
                }
                break;
            } else if (token.kind() == Kind.TEXT) {
                body.add(new Statement.Text(in.next().text()));
            } else if (token.kind() == Kind.OPEN_PRINT) {
                in.next();
                body.add(new Statement.Print(expressions.tuple()));
                in.expect(Kind.CLOSE_PRINT, "'}}'");
            } else {
                String name = in.peekSecond().text();
                if (ends.contains(name) || name.startsWith("end") || name.equals("else") || name.equals("elif")) {
                    break;
                }
                in.next();
                body.add(block());
            }
        }
        depth--;
        return body;
    }

    private Statement block() {
        Token name = in.next();
        return switch (name.text()) {
            case "if" -> conditional();
            case "for" -> loop(name.line());
            case "set" -> assignment(name.line());
            case "macro" -> macro();
            case "generation" -> {
                close();
                List<Statement> body = body(Set.of("endgeneration"));
                end("endgeneration");
                yield new Statement.Group(body);
            }
            case "break", "continue" -> {
                if (loops == 0) {
                    throw new JinjaException(name.line(), "'" + name.text() + "' is in no loop");
                }
                close();
                yield name.text().equals("break") ? new Statement.Break() : new Statement.Continue();
            }
            default ->
                throw new JinjaException(
                        name.line(), name.shown() + " is no statement that chat templates can use here");
        };
    }

    private void close() {
        in.expect(Kind.CLOSE_BLOCK, "'%}'");
    }

    private void end(String name) {
        in.expect(Kind.OPEN_BLOCK, "'{% " + name + " %}'");
        in.expectName(name);
        close();
    }

    private Statement conditional() {
        Expression condition = expressions.tuple();
        close();
        List<Statement> then = body(Set.of("elif", "else", "endif"));
        in.expect(Kind.OPEN_BLOCK, "'{% endif %}'");
        if (in.acceptName("elif")) {
            return new Statement.If(condition, then, List.of(conditional()));
        }
        List<Statement> otherwise = List.of();
        if (in.acceptName("else")) {
            close();
            otherwise = body(Set.of("endif"));
            in.expect(Kind.OPEN_BLOCK, "'{% endif %}'");
        }
        in.expectName("endif");
        close();
        return new Statement.If(condition, then, otherwise);
    }

    private Statement loop(int line) {
        List<String> names = names();
        in.expectName("in");
        Expression items = expressions.withoutCondition();
        Expression filter = in.acceptName("if") ? expressions.expression() : null;
        close();
        loops++;
        List<Statement> body = body(Set.of("else", "endfor"));
        loops--;
        in.expect(Kind.OPEN_BLOCK, "'{% endfor %}'");
        List<Statement> otherwise = List.of();
        if (in.acceptName("else")) {
            close();
            otherwise = body(Set.of("endfor"));
            in.expect(Kind.OPEN_BLOCK, "'{% endfor %}'");
        }
        in.expectName("endfor");
        close();
        return new Statement.For(names, items, filter, body, otherwise, line);
    }

    /** One name or several, with or without parentheses. */
    private List<String> names() {
        boolean enclosed = in.acceptOperator("(");
        List<String> names = new ArrayList<>(List.of(in.anyName()));
        while (in.acceptOperator(",")) {
            names.add(in.anyName());
        }
        if (enclosed) {
            in.expectOperator(")");
        }
        return names;
    }

    private Statement assignment(int line) {
        List<String> names = names();
        if (names.size() == 1 && in.acceptOperator(".")) {
            String attribute = in.anyName();
            in.expectOperator("=");
            Expression value = expressions.tuple();
            close();
            return new Statement.SetAttribute(names.getFirst(), attribute, value, line);
        }
        if (in.acceptOperator("=")) {
            Expression value = expressions.tuple();
            close();
            return new Statement.Set(names, value, line);
        }
        close();
        List<Statement> body = body(Set.of("endset"));
        end("endset");
        return new Statement.SetBlock(names.getFirst(), body);
    }

    private Statement macro() {
        String name = in.anyName();
        in.expectOperator("(");
        List<String> parameters = new ArrayList<>();
        Map<String, Expression> defaults = new LinkedHashMap<>();
        while (!in.acceptOperator(")")) {
            String parameter = in.anyName();
            parameters.add(parameter);
            Expression value = expressions.defaultValue();
            if (value != null) {
                defaults.put(parameter, value);
            }
            if (!in.atOperator(")")) {
                in.expectOperator(",");
            }
        }
        close();
        int outer = loops;
        loops = 0;
        List<Statement> body = body(Set.of("endmacro"));
        loops = outer;
        end("endmacro");
        return new Statement.Macro(name, parameters, defaults, body);
    }
}
