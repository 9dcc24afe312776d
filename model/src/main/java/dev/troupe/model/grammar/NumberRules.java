package dev.troupe.model.grammar;

import dev.troupe.model.grammar.SchemaCompiler.Place;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Numbers within limits: integers of up to {@link JsonRules#MAX_DIGITS} digits, other numbers with up to as many
 * decimals and without an exponent. Of multiples those that are no integers have neighbouring integers within the
 * limits.
 */
final class NumberRules {
    private static final BigInteger MOST =
            BigInteger.TEN.pow(JsonRules.MAX_DIGITS).subtract(BigInteger.ONE);

    private final GrammarBuilder grammar;
    private final JsonRules json;

    NumberRules(GrammarBuilder grammar, JsonRules json) {
        this.grammar = grammar;
        this.json = json;
    }

    /** The numbers of a schema. */
    void emit(Place place, boolean integers, int from, int to) {
        BigDecimal least = limit(place, "minimum");
        BigDecimal above = limit(place, "exclusiveMinimum");
        BigDecimal most = limit(place, "maximum");
        BigDecimal below = limit(place, "exclusiveMaximum");
        Step step = Step.of(place);
        if (least == null && above == null && most == null && below == null && step.isAny()) {
            if (integers) {
                json.integer(from, to);
            } else {
                json.number(from, to);
            }
            return;
        }
        BigInteger first = MOST.negate();
        BigInteger last = MOST;
        if (least != null) {
            first = first.max(least.setScale(0, RoundingMode.CEILING).toBigInteger());
        }
        if (above != null) {
            first = first.max(
                    above.setScale(0, RoundingMode.FLOOR).toBigInteger().add(BigInteger.ONE));
        }
        if (most != null) {
            last = last.min(most.setScale(0, RoundingMode.FLOOR).toBigInteger());
        }
        if (below != null) {
            last = last.min(
                    below.setScale(0, RoundingMode.CEILING).toBigInteger().subtract(BigInteger.ONE));
        }
        int negative = grammar.character(from, '-');
        DigitRules whole = new DigitRules(grammar, step.modulus(), rest -> step.isWhole(rest) ? to : DigitRules.NONE);
        whole.naturals(from, first.max(BigInteger.ZERO), last);
        whole.naturals(negative, last.negate().max(BigInteger.ONE), first.negate());
        if (!integers && step.isAny()) {
            Range range = new Range(Limit.of(least, above, true), Limit.of(most, below, false));
            fractions(range, from, to);
            fractions(range.negated(), negative, to);
        } else if (!integers && step.decimals() > 0) {
            // n.f lies between n and n + 1, which both are allowed.
            int[] point = new int[step.modulus()];
            Arrays.setAll(point, rest -> grammar.state());
            DigitRules parts = new DigitRules(grammar, step.modulus(), rest -> point[rest]);
            parts.naturals(from, first.max(BigInteger.ZERO), last.subtract(BigInteger.ONE));
            BigInteger nearest = last.negate().max(BigInteger.ZERO);
            parts.naturals(negative, nearest, first.negate().subtract(BigInteger.ONE));
            for (int rest = 0; rest < point.length; rest++) {
                int fraction = grammar.character(point[rest], '.');
                decimals(fraction, rest, step, to);
            }
        }
    }

    /** A limit of numbers; none where there is no value. */
    private record Limit(@Nullable BigDecimal value, boolean inclusive) {
        /** The narrower of a limit and one that may not be reached. */
        static Limit of(@Nullable BigDecimal reached, @Nullable BigDecimal open, boolean lower) {
            if (reached == null || open == null) {
                return reached == null ? new Limit(open, open == null) : new Limit(reached, true);
            }
            int order = open.compareTo(reached);
            return order == 0 || (order > 0) == lower ? new Limit(open, false) : new Limit(reached, true);
        }

        Limit negated() {
            return new Limit(value == null ? null : value.negate(), inclusive);
        }
    }

    /** The numbers between two limits. */
    private record Range(Limit low, Limit high) {
        Range negated() {
            return new Range(high.negated(), low.negated());
        }
    }

    /** Numbers with a point that are not negative, behind their sign. */
    private void fractions(Range range, int from, int to) {
        BigDecimal least = range.low().value();
        boolean fromZero = least == null || least.signum() < 0;
        BigDecimal low = least == null || least.signum() < 0 ? BigDecimal.ZERO : least;
        boolean lowInclusive = fromZero || range.low().inclusive();
        BigDecimal most = range.high().value();
        BigDecimal high = most == null ? new BigDecimal(MOST.add(BigInteger.ONE)) : most;
        boolean highInclusive = most != null && range.high().inclusive();
        if (high.signum() < 0 || low.compareTo(high) > 0) {
            return;
        }
        BigInteger first = low.toBigInteger();
        BigInteger last = high.toBigInteger();
        FractionRules.Limit fromNone = new FractionRules.Limit("", true);
        FractionRules.Limit toNext = new FractionRules.Limit("9".repeat(JsonRules.MAX_DIGITS), true);
        FractionRules.Limit lowest = new FractionRules.Limit(decimals(low), lowInclusive);
        FractionRules.Limit highest = new FractionRules.Limit(decimals(high), highInclusive);
        if (first.equals(last)) {
            fractions(from, first, last, new FractionRules(grammar, lowest, highest, to));
            return;
        }
        fractions(from, first, first, new FractionRules(grammar, lowest, toNext, to));
        fractions(
                from,
                first.add(BigInteger.ONE),
                last.subtract(BigInteger.ONE),
                new FractionRules(grammar, fromNone, toNext, to));
        fractions(from, last, last, new FractionRules(grammar, fromNone, highest, to));
    }

    private void fractions(int from, BigInteger first, BigInteger last, FractionRules rules) {
        if (first.compareTo(last) > 0 || first.compareTo(MOST) > 0) {
            return;
        }
        int start = rules.start();
        if (start != FractionRules.NONE) {
            int point = grammar.state();
            grammar.bytes(point, '.', '.', start);
            new DigitRules(grammar, 1, rest -> point).naturals(from, first, last.min(MOST));
        }
    }

    /** What stands behind the point of a number that is not negative, without zeros at the end. */
    private static String decimals(BigDecimal number) {
        BigDecimal part = number.remainder(BigDecimal.ONE);
        return part.signum() == 0
                ? ""
                : part.stripTrailingZeros().toPlainString().substring("0.".length());
    }

    /** Up to as many decimals as the step has. */
    private void decimals(int from, int rest, Step step, int to) {
        for (int length = 1; length <= step.decimals(); length++) {
            int left = step.decimals() - length;
            new DigitRules(grammar, step.modulus(), last -> step.isWhole(last, left) ? to : DigitRules.NONE)
                    .free(from, length, rest);
        }
    }

    /**
     * What numbers are multiples of ("multipleOf"): modulus / 10^decimals.
     *
     * @param isAny whether there is no such keyword
     */
    private record Step(int modulus, int decimals, boolean isAny) {
        /** One digit of a number takes this many states at most. */
        private static final int MAX_MODULUS = 1000;

        private static final int MAX_DECIMALS = 6;
        private static final int MAX_SCALE = 1000; // to strip zeros of more takes time

        static Step of(Place place) {
            if (!place.schema().has("multipleOf")) {
                return new Step(1, 0, true);
            }
            BigDecimal step = step(place);
            if (step.scale() > MAX_SCALE) {
                throw unsupported(place, step);
            }
            int decimals = Math.max(0, step.stripTrailingZeros().scale());
            BigInteger modulus = step.movePointRight(decimals).toBigIntegerExact();
            if (decimals > MAX_DECIMALS || modulus.compareTo(BigInteger.valueOf(MAX_MODULUS)) > 0) {
                throw unsupported(place, step);
            }
            return new Step(modulus.intValueExact(), decimals, false);
        }

        private static SchemaException unsupported(Place place, BigDecimal step) {
            return new SchemaException(
                    place.path() + "/multipleOf",
                    "is " + step + "; supported are numbers with at most " + MAX_DECIMALS
                            + " decimals that are, without their point, at most " + MAX_MODULUS);
        }

        /** Whether a number without decimals is a multiple, of which this remains modulo the modulus. */
        boolean isWhole(int rest) {
            return isWhole(rest, decimals);
        }

        /** The same for a number that has all but {@code left} of the decimals, written without its point. */
        boolean isWhole(int rest, int left) {
            long scaled = rest;
            for (int i = 0; i < left; i++) {
                scaled = scaled * 10 % modulus;
            }
            return scaled % modulus == 0;
        }
    }

    private static @Nullable BigDecimal limit(Place place, String keyword) {
        return place.schema().has(keyword) ? number(place, keyword) : null;
    }

    /** The value of a keyword that is there. */
    static BigDecimal number(Place place, String keyword) {
        var value = place.schema().path(keyword);
        if (!value.isNumber()
                || value.decimalValue().precision() - value.decimalValue().scale() > 1000) {
            throw new SchemaException(place.path() + "/" + keyword, "must be a number");
        }
        return value.decimalValue();
    }

    /** The value of "multipleOf", which is there. */
    static BigDecimal step(Place place) {
        BigDecimal step = number(place, "multipleOf");
        if (step.signum() <= 0) {
            throw new SchemaException(place.path() + "/multipleOf", "must be greater than 0");
        }
        return step;
    }
}
