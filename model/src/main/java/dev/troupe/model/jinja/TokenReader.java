package dev.troupe.model.jinja;

import dev.troupe.model.jinja.Token.Kind;
import java.util.List;

/** A place in a list of tokens. */
final class TokenReader {
    private final List<Token> tokens;
    private int at;

    TokenReader(List<Token> tokens) {
        this.tokens = tokens;
    }

    Token peek() {
        return tokens.get(at);
    }

    Token peekSecond() {
        return tokens.get(Math.min(at + 1, tokens.size() - 1));
    }

    Token next() {
        Token token = tokens.get(at);
        if (token.kind() != Kind.END) {
            at++;
        }
        return token;
    }

    boolean atOperator(String text) {
        return peek().is(Kind.OPERATOR, text);
    }

    boolean atName(String text) {
        return peek().is(Kind.NAME, text);
    }

    boolean acceptOperator(String text) {
        boolean there = atOperator(text);
        if (there) {
            at++;
        }
        return there;
    }

    boolean acceptName(String text) {
        boolean there = atName(text);
        if (there) {
            at++;
        }
        return there;
    }

    void expectOperator(String text) {
        if (!acceptOperator(text)) {
            throw unexpected("'" + text + "'");
        }
    }

    void expectName(String text) {
        if (!acceptName(text)) {
            throw unexpected("'" + text + "'");
        }
    }

    String anyName() {
        if (peek().kind() != Kind.NAME) {
            throw unexpected("a name");
        }
        return next().text();
    }

    void expect(Kind kind, String what) {
        if (peek().kind() != kind) {
            throw unexpected(what);
        }
        at++;
    }

    JinjaException unexpected(String wanted) {
        return new JinjaException(peek().line(), wanted + " is expected, not " + peek().shown());
    }
}
