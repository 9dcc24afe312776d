package dev.troupe.model.grammar;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The rules of JSON itself (RFC 8259) that all schemas share, made when they are first asked for. Two liberties of JSON
 * are limited, so that a model cannot lose itself in them: white space is as people and printers write it, and numbers
 * have so many digits.
 */
final class JsonRules {
    /** Spaces and tabs that a line may begin with. */
    static final int MAX_INDENT = 40;

    /** Line breaks in a row, so that one line may be empty. */
    private static final int MAX_BREAKS = 2;

    /** Digits of an integer, which 64 bits hold; and behind the point. */
    static final int MAX_DIGITS = 18;

    private static final int MAX_EXPONENT_DIGITS = 2;

    private final GrammarBuilder grammar;
    private @Nullable Integer space;
    private @Nullable Integer character;
    private @Nullable Integer stringRest;
    private @Nullable Integer number;
    private @Nullable Integer integer;
    private @Nullable Integer value;
    private @Nullable Integer object;

    JsonRules(GrammarBuilder grammar) {
        this.grammar = grammar;
    }

    /**
     * Nothing, a space or tab, or line breaks and an indentation; returns the state behind it. None is before a colon
     * or comma.
     */
    int space(int from) {
        int to = grammar.state();
        grammar.empty(from, to);
        grammar.call(from, spaceRule(), to);
        return to;
    }

    private int spaceRule() {
        if (space == null) {
            space = grammar.rule();
            int end = grammar.end(space);
            int at = grammar.start(space);
            blank(at, end);
            int line = grammar.state();
            for (int i = 0; i < MAX_BREAKS; i++) {
                int next = grammar.state();
                grammar.bytes(at, '\n', '\n', next);
                grammar.bytes(grammar.character(at, '\r'), '\n', '\n', next);
                grammar.empty(next, line);
                at = next;
            }
            for (int i = 0; i < MAX_INDENT; i++) {
                grammar.empty(line, end);
                int next = grammar.state();
                blank(line, next);
                line = next;
            }
            grammar.empty(line, end);
        }
        return space;
    }

    private void blank(int from, int to) {
        grammar.bytes(from, ' ', ' ', to);
        grammar.bytes(from, '\t', '\t', to);
    }

    /** Any text in quotes. */
    void string(int from, int to) {
        stringRest(grammar.character(from, '"'), to);
    }

    /** The rest of a text whose quote is open. */
    void stringRest(int from, int to) {
        grammar.call(from, stringRestRule(), to);
    }

    /** Characters up to the closing quote, which is part of it. */
    private int stringRestRule() {
        if (stringRest == null) {
            stringRest = grammar.rule();
            int start = grammar.start(stringRest);
            plain(start, start);
            unusual(start, start);
            grammar.bytes(start, '"', '"', grammar.end(stringRest));
        }
        return stringRest;
    }

    /** One character of a text. */
    void textCharacter(int from, int to) {
        plain(from, to);
        if (character == null) {
            character = grammar.rule();
            unusual(grammar.start(character), grammar.end(character));
        }
        grammar.call(from, character, to);
    }

    /** ASCII without quotes, backslashes and control characters. */
    private void plain(int from, int to) {
        grammar.bytes(from, ' ', '!', to);
        grammar.bytes(from, '#', '[', to);
        grammar.bytes(from, ']', 0x7F, to);
    }

    /** A character beyond ASCII or an escape; half of a surrogate pair is no character. */
    private void unusual(int from, int to) {
        CodePoints.beyondAscii().forEach(range -> CodePoints.utf8(grammar, from, range, to));
        int escape = grammar.character(from, '\\');
        for (char c : "\"\\/bfnrt".toCharArray()) {
            grammar.bytes(escape, c, c, to);
        }
        int hex = grammar.character(escape, 'u');
        int rest = grammar.state(); // three digits are left
        hexDigit(hex, '0', '9', rest);
        hexDigit(hex, 'a', 'c', rest);
        hexDigit(hex, 'e', 'f', rest);
        hexDigits(rest, 3, to);
        int d = grammar.state();
        hexDigit(hex, 'd', 'd', d);
        int two = grammar.state();
        grammar.bytes(d, '0', '7', two);
        hexDigits(two, 2, to);
        int high = grammar.state();
        grammar.bytes(d, '8', '9', high);
        hexDigit(d, 'a', 'b', high);
        int second = grammar.state();
        hexDigits(high, 2, second);
        int low = grammar.state();
        int lowD = grammar.character(grammar.character(second, '\\'), 'u');
        int lowRest = grammar.state();
        hexDigit(lowD, 'd', 'd', low);
        hexDigit(low, 'c', 'f', lowRest);
        hexDigits(lowRest, 2, to);
    }

    private void hexDigits(int from, int count, int to) {
        int at = from;
        for (int i = 0; i < count; i++) {
            int next = i == count - 1 ? to : grammar.state();
            hexDigit(at, '0', '9', next);
            hexDigit(at, 'a', 'f', next);
            at = next;
        }
    }

    private void hexDigit(int from, char lo, char hi, int to) {
        grammar.bytes(from, lo, hi, to);
        if (lo >= 'a') {
            grammar.bytes(from, lo - 'a' + 'A', hi - 'a' + 'A', to);
        }
    }

    void number(int from, int to) {
        if (number == null) {
            number = grammar.rule();
            int whole = grammar.state();
            wholePart(grammar.start(number), whole);
            int end = grammar.end(number);
            grammar.empty(whole, end);
            int fraction = grammar.state();
            digits(grammar.character(whole, '.'), MAX_DIGITS, fraction);
            grammar.empty(fraction, end);
            int exponent = grammar.state();
            for (int before : new int[] {whole, fraction}) {
                grammar.bytes(before, 'e', 'e', exponent);
                grammar.bytes(before, 'E', 'E', exponent);
            }
            int unsigned = grammar.state();
            grammar.empty(exponent, unsigned);
            grammar.bytes(exponent, '+', '+', unsigned);
            grammar.bytes(exponent, '-', '-', unsigned);
            digits(unsigned, MAX_EXPONENT_DIGITS, end);
        }
        grammar.call(from, number, to);
    }

    void integer(int from, int to) {
        if (integer == null) {
            integer = grammar.rule();
            wholePart(grammar.start(integer), grammar.end(integer));
        }
        grammar.call(from, integer, to);
    }

    /** An integer without leading zeros. */
    private void wholePart(int from, int to) {
        int unsigned = grammar.state();
        grammar.empty(from, unsigned);
        grammar.bytes(from, '-', '-', unsigned);
        grammar.bytes(unsigned, '0', '0', to);
        int more = grammar.state();
        grammar.bytes(unsigned, '1', '9', more);
        grammar.empty(more, to);
        digits(more, MAX_DIGITS - 1, to);
    }

    /** One to {@code most} digits. */
    void digits(int from, int most, int to) {
        int at = from;
        for (int i = 0; i < most; i++) {
            int next = grammar.state();
            grammar.bytes(at, '0', '9', next);
            grammar.empty(next, to);
            at = next;
        }
    }

    /** Any value. */
    int valueRule() {
        if (value == null) {
            value = grammar.rule();
            int start = grammar.start(value);
            int end = grammar.end(value);
            string(start, end);
            number(start, end);
            for (String word : new String[] {"true", "false", "null"}) {
                grammar.literal(start, word.getBytes(StandardCharsets.US_ASCII), end);
            }
            grammar.call(start, objectRule(), end);
            array(start, end);
        }
        return value;
    }

    private void array(int from, int to) {
        int open = space(grammar.character(from, '['));
        grammar.bytes(open, ']', ']', to);
        int item = grammar.state();
        grammar.call(open, valueRule(), item);
        grammar.call(space(grammar.character(item, ',')), valueRule(), item);
        grammar.bytes(space(item), ']', ']', to);
    }

    /** Any object. */
    int objectRule() {
        if (object == null) {
            object = grammar.rule();
            int open = space(grammar.character(grammar.start(object), '{'));
            int end = grammar.end(object);
            grammar.bytes(open, '}', '}', end);
            int member = grammar.state();
            member(open, member);
            member(space(grammar.character(member, ',')), member);
            grammar.bytes(space(member), '}', '}', end);
        }
        return object;
    }

    private void member(int from, int to) {
        int name = grammar.state();
        string(from, name);
        grammar.call(space(grammar.character(name, ':')), valueRule(), to);
    }
}
