package dev.troupe.safety.pattern;

import dev.troupe.model.TroupeException;
import dev.troupe.safety.pattern.CodePoints.Range;
import dev.troupe.safety.pattern.Syntax.AnyOf;
import dev.troupe.safety.pattern.Syntax.InOrder;
import dev.troupe.safety.pattern.Syntax.OneOf;
import dev.troupe.safety.pattern.Syntax.Repeated;
import dev.troupe.safety.pattern.Syntax.WordBorder;
import java.util.ArrayList;
import java.util.List;

/**
 * Parses the syntax of {@link SafePattern} by recursive descent. Whatever it does not know is an error: a moderation
 * rule that silently means something else is worse than none.
 */
final class PatternParser {
    private static final int MAX_REPEATS = 1000;
    private static final int MAX_DEPTH = 50;

    private final String source;
    private int at;
    private int depth;

    PatternParser(String source) {
        this.source = source;
    }

    Syntax parse() {
        Syntax syntax = choices();
        if (at < source.length()) {
            throw error("')' closes nothing; write \\)");
        }
        return syntax;
    }

    private Syntax choices() {
        List<Syntax> choices = new ArrayList<>(List.of(inOrder()));
        while (take('|')) {
            choices.add(inOrder());
        }
        return choices.size() == 1 ? choices.getFirst() : new AnyOf(choices);
    }

    private Syntax inOrder() {
        List<Syntax> parts = new ArrayList<>();
        while (at < source.length() && source.charAt(at) != '|' && source.charAt(at) != ')') {
            parts.add(repeats(atom()));
        }
        return new InOrder(parts);
    }

    private Syntax repeats(Syntax atom) {
        if (take('?')) {
            return new Repeated(atom, 0, 1);
        }
        if (peek('*') || peek('+')) {
            throw error("'" + source.charAt(at) + "' has no upper limit; write {0,20} or another limit");
        }
        if (!take('{')) {
            return atom;
        }
        int min = number();
        int max = min;
        if (take(',')) {
            if (peek('}')) {
                throw error("a repetition needs an upper limit, such as {" + min + ",20}");
            }
            max = number();
        }
        expect('}');
        if (max < min || max == 0) {
            throw error("{" + min + "," + max + "} repeats nothing");
        }
        return new Repeated(atom, min, max);
    }

    private int number() {
        int start = at;
        while (at < source.length() && source.charAt(at) >= '0' && source.charAt(at) <= '9' && at - start < 5) {
            at++;
        }
        if (at == start) {
            throw error("a number is missing");
        }
        int number = Integer.parseInt(source.substring(start, at));
        if (number > MAX_REPEATS) {
            throw error(number + " is too many repetitions; the most is " + MAX_REPEATS);
        }
        return number;
    }

    private Syntax atom() {
        int c = next();
        return switch (c) {
            case '.' -> new OneOf(CodePoints.ANY);
            case '[' -> new OneOf(set());
            case '(' -> group();
            case '\\' -> escape();
            case '^', '$' -> throw error("'" + (char) c + "' is not supported, for text is judged as it streams");
            case '*', '+', '?', '{' -> throw error("'" + (char) c + "' repeats nothing; write \\" + (char) c);
            default -> new OneOf(CodePoints.of(c));
        };
    }

    private Syntax group() {
        if (take('?')) {
            if (!take(':')) {
                throw error("the only group with '?' is (?:...)");
            }
        }
        if (++depth > MAX_DEPTH) {
            throw error("groups are nested more than " + MAX_DEPTH + " deep");
        }
        Syntax inner = choices();
        depth--;
        expect(')');
        return inner;
    }

    private Syntax escape() {
        int c = next();
        return c == 'b' ? new WordBorder() : new OneOf(escapedSet(c));
    }

    private CodePoints escapedSet(int c) {
        return switch (c) {
            case 'd' -> CodePoints.DIGIT;
            case 'D' -> CodePoints.DIGIT.negate();
            case 'w' -> CodePoints.WORD;
            case 'W' -> CodePoints.WORD.negate();
            case 's' -> CodePoints.SPACE;
            case 'S' -> CodePoints.SPACE.negate();
            case 'n' -> CodePoints.of('\n');
            case 'r' -> CodePoints.of('\r');
            case 't' -> CodePoints.of('\t');
            default -> {
                if (Character.isLetterOrDigit(c)) {
                    throw error("\\" + Character.toString(c) + " is not supported");
                }
                yield CodePoints.of(c);
            }
        };
    }

    /** After '['. Shorthands such as \d may be members, but only of a set that is not negated as a whole by them. */
    private CodePoints set() {
        boolean negated = take('^');
        List<Range> ranges = new ArrayList<>();
        do {
            CodePoints first = member();
            if (first.negated()) {
                throw error("a negated shorthand cannot be a member of a set");
            }
            if (isSingle(first) && peek('-') && !source.startsWith("-]", at)) {
                at++;
                CodePoints last = member();
                int from = first.ranges().getFirst().first();
                if (!isSingle(last) || last.ranges().getFirst().first() < from) {
                    throw error("a range goes from a character to a later one");
                }
                ranges.add(new Range(from, last.ranges().getFirst().first()));
            } else {
                ranges.addAll(first.ranges());
            }
        } while (!take(']'));
        return new CodePoints(List.copyOf(ranges), negated);
    }

    private CodePoints member() {
        int c = next();
        return c == '\\' ? escapedSet(next()) : CodePoints.of(c);
    }

    private static boolean isSingle(CodePoints set) {
        return set.ranges().size() == 1
                && set.ranges().getFirst().first() == set.ranges().getFirst().last();
    }

    private int next() {
        if (at >= source.length()) {
            throw error("it ends too early");
        }
        int c = source.codePointAt(at);
        at += Character.charCount(c);
        return c;
    }

    private boolean peek(char c) {
        return at < source.length() && source.charAt(at) == c;
    }

    private boolean take(char c) {
        boolean there = peek(c);
        if (there) {
            at++;
        }
        return there;
    }

    private void expect(char c) {
        if (!take(c)) {
            throw error("'" + c + "' is missing");
        }
    }

    private TroupeException error(String what) {
        return new TroupeException("the pattern " + source + " is wrong at character " + at + ": " + what);
    }
}
