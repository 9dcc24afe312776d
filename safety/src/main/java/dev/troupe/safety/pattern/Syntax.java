package dev.troupe.safety.pattern;

import java.util.List;

/** The tree of a parsed pattern. */
sealed interface Syntax {
    /** One character of a set. */
    record OneOf(CodePoints set) implements Syntax {}

    /** The border between a word character and another, or the start or end of the text. */
    record WordBorder() implements Syntax {}

    /** One after the other. */
    record InOrder(List<Syntax> parts) implements Syntax {}

    /** Any one of them. */
    record AnyOf(List<Syntax> choices) implements Syntax {}

    /** {@code min} to {@code max} times. */
    record Repeated(Syntax part, int min, int max) implements Syntax {}

    /** Characters of the shortest match. */
    default int shortest() {
        return switch (this) {
            case OneOf one -> 1;
            case WordBorder border -> 0;
            case InOrder(var parts) -> parts.stream().mapToInt(Syntax::shortest).sum();
            case AnyOf(var choices) ->
                choices.stream().mapToInt(Syntax::shortest).min().orElse(0);
            case Repeated(var part, int min, int max) -> part.shortest() * min;
        };
    }

    /** Characters of the longest match. */
    default int longest() {
        return switch (this) {
            case OneOf one -> 1;
            case WordBorder border -> 0;
            case InOrder(var parts) -> parts.stream().mapToInt(Syntax::longest).sum();
            case AnyOf(var choices) ->
                choices.stream().mapToInt(Syntax::longest).max().orElse(0);
            case Repeated(var part, int min, int max) -> part.longest() * max;
        };
    }

    /** Instructions of the compiled pattern, saturating: nested repetitions multiply. */
    default long size() {
        return switch (this) {
            case OneOf one -> 1;
            case WordBorder border -> 1;
            case InOrder(var parts) -> parts.stream().mapToLong(Syntax::size).sum();
            case AnyOf(var choices) ->
                choices.stream().mapToLong(part -> part.size() + 2).sum();
            case Repeated(var part, int min, int max) -> Math.min((part.size() + 1) * max, Integer.MAX_VALUE);
        };
    }
}
