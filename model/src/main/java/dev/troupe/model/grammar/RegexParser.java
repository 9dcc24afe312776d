package dev.troupe.model.grammar;

import dev.troupe.model.grammar.Regex.Alternative;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * Reads the regular expressions of ECMA-262 without look-around, back references, word boundaries, lazy repetition and
 * properties of Unicode.
 */
final class RegexParser {
    /** Longer patterns, and more repetitions of a part, are refused. */
    private static final int MOST = 1000;

    private final int[] pattern;
    private final String path;
    private int at;
    private int depth;

    RegexParser(String pattern, String path) {
        this.pattern = pattern.codePoints().toArray();
        this.path = path;
        if (this.pattern.length > MOST) {
            throw error("has " + this.pattern.length + " characters; at most " + MOST + " are supported");
        }
    }

    List<Alternative> parse() {
        List<Alternative> alternatives = new ArrayList<>();
        do {
            boolean fromStart = accept('^');
            Regex body = sequence();
            boolean toEnd = accept('$');
            alternatives.add(new Alternative(body, fromStart, toEnd));
        } while (accept('|'));
        if (at < pattern.length) {
            throw unexpected();
        }
        return alternatives;
    }

    private Regex choice() {
        List<Regex> options = new ArrayList<>();
        do {
            options.add(sequence());
        } while (accept('|'));
        return options.size() == 1 ? options.getFirst() : new Regex.Choice(options);
    }

    private Regex sequence() {
        List<Regex> parts = new ArrayList<>();
        while (at < pattern.length && "|)$".indexOf(pattern[at]) < 0) {
            parts.add(repeated(atom()));
        }
        return new Regex.Sequence(parts);
    }

    private Regex repeated(Regex body) {
        int min;
        int max;
        if (accept('*')) {
            min = 0;
            max = Integer.MAX_VALUE;
        } else if (accept('+')) {
            min = 1;
            max = Integer.MAX_VALUE;
        } else if (accept('?')) {
            min = 0;
            max = 1;
        } else if (accept('{')) {
            min = number();
            max = !accept(',') ? min : peek() == '}' ? Integer.MAX_VALUE : number();
            expect('}');
        } else {
            return body;
        }
        if (max < min || "*+?{".indexOf(peek()) >= 0) {
            throw unexpected();
        }
        return new Regex.Repeat(body, min, max);
    }

    private int number() {
        int value = 0;
        int start = at;
        while (Character.isDigit(peek())) {
            value = value * 10 + (pattern[at++] - '0');
            if (value > MOST) {
                throw error("repeats something more than " + MOST + " times, which is not supported");
            }
        }
        if (at == start) {
            throw unexpected();
        }
        return value;
    }

    private Regex atom() {
        int c = pattern[at++];
        return switch (c) {
            case '(' -> group();
            case '[' -> characters(set());
            case '.' -> characters(complement(of('\n', '\r', 0x2028, 0x2029)));
            case '\\' -> characters(escape());
            case '^', '*', '+', '?', '{', '}', ']' -> {
                at--;
                throw unexpected();
            }
            default -> characters(of(c));
        };
    }

    private Regex group() {
        if (accept('?') && !accept(':')) {
            throw unexpected();
        }
        if (++depth > MOST / 10) {
            throw error("has too many groups in each other");
        }
        Regex inner = choice();
        depth--;
        expect(')');
        return inner;
    }

    private BitSet set() {
        boolean negated = accept('^');
        BitSet set = new BitSet();
        while (peek() != ']') {
            if (at >= pattern.length) {
                throw unexpected();
            }
            BitSet from = member();
            if (peek() == '-' && at + 1 < pattern.length && pattern[at + 1] != ']') {
                at++;
                BitSet to = member();
                if (from.cardinality() != 1 || to.cardinality() != 1 || to.nextSetBit(0) < from.nextSetBit(0)) {
                    throw unexpected();
                }
                set.set(from.nextSetBit(0), to.nextSetBit(0) + 1);
            } else {
                set.or(from);
            }
        }
        at++;
        return negated ? complement(set) : set;
    }

    private BitSet member() {
        int c = pattern[at++];
        return c == '\\' ? escape() : of(c);
    }

    private BitSet escape() {
        if (at >= pattern.length) {
            throw unexpected();
        }
        int c = pattern[at++];
        return switch (c) {
            case 'd' -> range('0', '9');
            case 'D' -> complement(range('0', '9'));
            case 'w' -> word();
            case 'W' -> complement(word());
            case 's' -> space();
            case 'S' -> complement(space());
            case 't' -> of('\t');
            case 'n' -> of('\n');
            case 'r' -> of('\r');
            case 'f' -> of('\f');
            case 'u' -> hex(4);
            case 'x' -> hex(2);
            default -> {
                if (Character.isLetterOrDigit(c)) {
                    at--;
                    throw unexpected();
                }
                yield of(c);
            }
        };
    }

    private BitSet hex(int numDigits) {
        int value = 0;
        for (int i = 0; i < numDigits; i++) {
            int digit = Character.digit(peek(), 16);
            if (digit < 0) {
                throw unexpected();
            }
            at++;
            value = 16 * value + digit;
        }
        return of(value);
    }

    private static BitSet word() {
        BitSet set = range('a', 'z');
        set.set('A', 'Z' + 1);
        set.set('0', '9' + 1);
        set.set('_');
        return set;
    }

    /** White space of ECMA-262. */
    private static BitSet space() {
        BitSet set = range('\t', '\r');
        set.or(of(' ', 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFEFF));
        set.set(0x2000, 0x200B);
        return set;
    }

    private static BitSet of(int... characters) {
        BitSet set = new BitSet();
        for (int c : characters) {
            set.set(c);
        }
        return set;
    }

    private static BitSet range(int from, int to) {
        BitSet set = new BitSet();
        set.set(from, to + 1);
        return set;
    }

    private static BitSet complement(BitSet set) {
        BitSet rest = range(0, CodePoints.MAX);
        rest.andNot(set);
        return rest;
    }

    private Regex characters(BitSet set) {
        return new Regex.Characters(CodePoints.ranges(set));
    }

    private int peek() {
        return at < pattern.length ? pattern[at] : 0;
    }

    private boolean accept(char c) {
        if (at < pattern.length && pattern[at] == c) {
            at++;
            return true;
        }
        return false;
    }

    private void expect(char c) {
        if (!accept(c)) {
            throw unexpected();
        }
    }

    private SchemaException unexpected() {
        return error(
                at < pattern.length
                        ? "has '" + Character.toString(pattern[at]) + "' at character " + (at + 1)
                                + ", which is not supported there"
                        : "ends too early");
    }

    private SchemaException error(String problem) {
        return new SchemaException(path, problem);
    }
}
