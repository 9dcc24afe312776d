package dev.troupe.model.jinja;

import dev.troupe.model.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.List;

/**
 * Cuts a template into tokens and removes white space around marks as {@code trim_blocks}, {@code lstrip_blocks} and
 * the signs - and + say.
 */
final class Lexer {
    private static final List<String> OPERATORS = List.of(
            "**", "//", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "<", ">", "(", ")", "[", "]", "{", "}",
            "|", ".", ",", ":", "=");

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int at;
    private int line = 1;
    private boolean stripNext; // the mark before ended with a minus
    private boolean trimNext; // a block ended: the line break behind it goes

    private Lexer(String source) {
        this.source = source;
    }

    static List<Token> tokens(String template) {
        String unified = template.replace("\r\n", "\n").replace('\r', '\n');
        // As Jinja has it without keep_trailing_newline.
        return new Lexer(unified.endsWith("\n") ? unified.substring(0, unified.length() - 1) : unified).run();
    }

    private List<Token> run() {
        while (at < source.length()) {
            int mark = nextMark(at);
            text(mark);
            if (mark == source.length()) {
                break;
            }
            char kind = source.charAt(mark + 1);
            advance(mark + 2);
            if (at < source.length() && (source.charAt(at) == '-' || source.charAt(at) == '+')) {
                at++;
            }
            switch (kind) {
                case '#' -> comment();
                case '{' -> marked(Kind.OPEN_PRINT, Kind.CLOSE_PRINT, "}}");
                default -> block();
            }
        }
        tokens.add(new Token(Kind.END, "", line));
        return tokens;
    }

    private int nextMark(int from) {
        for (int i = source.indexOf('{', from); i >= 0 && i + 1 < source.length(); i = source.indexOf('{', i + 1)) {
            if ("{%#".indexOf(source.charAt(i + 1)) >= 0) {
                return i;
            }
        }
        return source.length();
    }

    /** The text up to a mark, without the white space that marks take away. */
    private void text(int end) {
        int from = at;
        int to = end;
        if (stripNext) {
            while (from < to && Character.isWhitespace(source.charAt(from))) {
                from++;
            }
        } else if (trimNext && from < to && source.charAt(from) == '\n') {
            from++;
        }
        stripNext = false;
        trimNext = false;
        if (end < source.length()) {
            char sign = end + 2 < source.length() ? source.charAt(end + 2) : ' ';
            if (sign == '-') {
                while (to > from && Character.isWhitespace(source.charAt(to - 1))) {
                    to--;
                }
            } else if (sign != '+' && source.charAt(end + 1) != '{') {
                int start = to;
                while (start > from && (source.charAt(start - 1) == ' ' || source.charAt(start - 1) == '\t')) {
                    start--;
                }
                boolean lineStart = start == 0 || source.charAt(start - 1) == '\n';
                to = lineStart ? start : to;
            }
        }
        if (from < to) {
            tokens.add(new Token(Kind.TEXT, source.substring(from, to), line));
        }
        advance(end);
    }

    private void comment() {
        int end = source.indexOf("#}", at);
        if (end < 0) {
            throw new JinjaException(line, "a comment has no end: '#}' is missing");
        }
        stripNext = end > at && source.charAt(end - 1) == '-';
        trimNext = !(end > at && source.charAt(end - 1) == '+');
        advance(end + 2);
    }

    private void block() {
        int first = tokens.size();
        marked(Kind.OPEN_BLOCK, Kind.CLOSE_BLOCK, "%}");
        if (tokens.size() == first + 3 && tokens.get(first + 1).is(Kind.NAME, "raw")) {
            tokens.subList(first, tokens.size()).clear();
            raw();
        }
    }

    private void raw() {
        for (int i = source.indexOf("{%", at); i >= 0; i = source.indexOf("{%", i + 2)) {
            int end = source.indexOf("%}", i);
            String inner = end < 0
                    ? ""
                    : source.substring(i + 2, end).replaceAll("^[-+]|[-+]$", "").strip();
            if (inner.equals("endraw")) {
                text(i);
                stripNext = source.charAt(end - 1) == '-';
                trimNext = source.charAt(end - 1) != '+';
                advance(end + 2);
                return;
            }
        }
        throw new JinjaException(line, "'raw' has no 'endraw'");
    }

    /** Tokens up to the closing mark. */
    private void marked(Kind open, Kind close, String closing) {
        int opened = line;
        tokens.add(new Token(open, "", line));
        int depth = 0; // of braces: "}}" may end two of them
        while (true) {
            skipSpace();
            if (at >= source.length()) {
                throw new JinjaException(opened, "'" + closing + "' is missing");
            }
            boolean signed = "-+".indexOf(source.charAt(at)) >= 0 && source.startsWith(closing, at + 1);
            if (depth == 0 && (signed || source.startsWith(closing, at))) {
                stripNext = source.charAt(at) == '-';
                trimNext = close == Kind.CLOSE_BLOCK && source.charAt(at) != '+';
                tokens.add(new Token(close, closing, line));
                advance(at + closing.length() + (signed ? 1 : 0));
                return;
            }
            char c = source.charAt(at);
            depth += c == '{' ? 1 : c == '}' ? -1 : 0;
            token(c);
        }
    }

    private void skipSpace() {
        while (at < source.length() && Character.isWhitespace(source.charAt(at))) {
            advance(at + 1);
        }
    }

    private void token(char c) {
        if (c == '\'' || c == '"') {
            string(c);
        } else if (Character.isDigit(c)) {
            number();
        } else if (Character.isLetter(c) || c == '_') {
            int end = at;
            while (end < source.length()
                    && (Character.isLetterOrDigit(source.charAt(end)) || source.charAt(end) == '_')) {
                end++;
            }
            tokens.add(new Token(Kind.NAME, source.substring(at, end), line));
            at = end;
        } else {
            String operator = OPERATORS.stream()
                    .filter(o -> source.startsWith(o, at))
                    .findFirst()
                    .orElseThrow(() -> new JinjaException(line, "'" + c + "' is not expected here"));
            tokens.add(new Token(Kind.OPERATOR, operator, line));
            at += operator.length();
        }
    }

    private void number() {
        int end = at;
        while (end < source.length() && (Character.isDigit(source.charAt(end)) || source.charAt(end) == '_')) {
            end++;
        }
        boolean fraction =
                end + 1 < source.length() && source.charAt(end) == '.' && Character.isDigit(source.charAt(end + 1));
        if (fraction) {
            end++;
            while (end < source.length() && Character.isDigit(source.charAt(end))) {
                end++;
            }
        }
        String digits = source.substring(at, end).replace("_", "");
        tokens.add(new Token(fraction ? Kind.FLOAT : Kind.INTEGER, digits, line));
        at = end;
    }

    private void string(char quote) {
        StringBuilder text = new StringBuilder();
        int start = line;
        int i = at + 1;
        while (i < source.length() && source.charAt(i) != quote) {
            char c = source.charAt(i);
            if (c == '\\' && i + 1 < source.length()) {
                i = escape(i + 1, text);
            } else {
                text.append(c);
                i++;
            }
        }
        if (i >= source.length()) {
            throw new JinjaException(start, "a string has no end: " + quote + " is missing");
        }
        advance(i + 1);
        tokens.add(new Token(Kind.STRING, text.toString(), start));
    }

    /** One of Python's escapes, whose letter is at {@code i}; returns where the text goes on. */
    private int escape(int i, StringBuilder text) {
        char c = source.charAt(i);
        int plain = "ntrfb\\'\"".indexOf(c);
        if (plain >= 0) {
            text.append("\n\t\r\f\b\\'\"".charAt(plain));
            return i + 1;
        }
        int digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
        if (digits > 0 && i + digits < source.length()) {
            try {
                text.appendCodePoint(Integer.parseInt(source.substring(i + 1, i + 1 + digits), 16));
                return i + 1 + digits;
            } catch (IllegalArgumentException e) {
                throw new JinjaException(line, "'\\" + c + "' is not followed by the number of a character");
            }
        }
        if (c != '\n') {
            text.append('\\').append(c);
        }
        return i + 1;
    }

    private void advance(int to) {
        for (; at < to; at++) {
            if (source.charAt(at) == '\n') {
                line++;
            }
        }
    }
}
