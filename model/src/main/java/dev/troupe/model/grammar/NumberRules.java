package dev.troupe.model.grammar;

import dev.troupe.model.grammar.SchemaCompiler.Place;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import org.jspecify.annotations.Nullable;

/**
 * Numbers within limits. Integers are all there are, up to {@link JsonRules#MAX_DIGITS} digits; other numbers those
 * that have no exponent and whose neighbouring integers are both within the limits.
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
        if (least == null && above == null && most == null && below == null) {
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
        naturals(from, first.max(BigInteger.ZERO), last, to);
        naturals(negative, last.negate().max(BigInteger.ONE), first.negate(), to);
        if (!integers) {
            // n.f lies between n and n + 1, which both are allowed.
            int point = grammar.state();
            naturals(from, first.max(BigInteger.ZERO), last.subtract(BigInteger.ONE), point);
            BigInteger nearest = last.negate().max(BigInteger.ZERO);
            naturals(negative, nearest, first.negate().subtract(BigInteger.ONE), point);
            json.digits(grammar.character(point, '.'), JsonRules.MAX_DIGITS, to);
        }
    }

    private static @Nullable BigDecimal limit(Place place, String keyword) {
        var value = place.schema().path(keyword);
        if (value.isMissingNode()) {
            return null;
        }
        if (!value.isNumber()
                || value.decimalValue().precision() - value.decimalValue().scale() > 1000) {
            throw new SchemaException(place.path() + "/" + keyword, "must be a number");
        }
        return value.decimalValue();
    }

    /** Decimal digits, without leading zeros, of the numbers from first to last, neither negative. */
    private void naturals(int from, BigInteger first, BigInteger last, int to) {
        for (int length = 1; length <= JsonRules.MAX_DIGITS; length++) {
            BigInteger low = first.max(length == 1 ? BigInteger.ZERO : BigInteger.TEN.pow(length - 1));
            BigInteger high = last.min(BigInteger.TEN.pow(length).subtract(BigInteger.ONE));
            if (low.compareTo(high) <= 0) {
                digits(from, low.toString(), high.toString(), to);
            }
        }
    }

    /** Digit strings of one length between two of them, in order. */
    private void digits(int from, String low, String high, int to) {
        char first = low.charAt(0);
        char last = high.charAt(0);
        if (low.length() == 1) {
            grammar.bytes(from, first, last, to);
            return;
        }
        String zeros = "0".repeat(low.length() - 1);
        String nines = "9".repeat(low.length() - 1);
        String lowRest = low.substring(1);
        String highRest = high.substring(1);
        if (first == last) {
            digits(grammar.character(from, first), lowRest, highRest, to);
            return;
        }
        boolean wholeLow = lowRest.equals(zeros);
        boolean wholeHigh = highRest.equals(nines);
        if (!wholeLow) {
            digits(grammar.character(from, first), lowRest, nines, to);
        }
        if (!wholeHigh) {
            digits(grammar.character(from, last), zeros, highRest, to);
        }
        char middle = wholeLow ? first : (char) (first + 1);
        char end = wholeHigh ? last : (char) (last - 1);
        if (middle <= end) {
            int rest = grammar.state();
            grammar.bytes(from, middle, end, rest);
            digits(rest, zeros, nines, to);
        }
    }
}
