package dev.troupe.model.grammar;

import java.math.BigInteger;
import java.util.HashMap;
import java.util.Map;
import java.util.function.IntUnaryOperator;

/** Decimal digits of natural numbers between two, told apart by their remainder. */
final class DigitRules {
    /** Says that a number may not end here. */
    static final int NONE = -1;

    /** What is left to write when all digits may come. */
    private record Rest(int length, int remainder) {}

    private final GrammarBuilder grammar;
    private final int modulus;
    private final IntUnaryOperator ends;
    private final Map<Rest, Integer> states = new HashMap<>();

    /**
     * @param modulus at least 1; remainders are by it
     * @param ends the state behind a number by its remainder; {@link #NONE} where there is none
     */
    DigitRules(GrammarBuilder grammar, int modulus, IntUnaryOperator ends) {
        this.grammar = grammar;
        this.modulus = modulus;
        this.ends = ends;
    }

    /** The numbers from first to last, neither negative, without leading zeros. */
    void naturals(int from, BigInteger first, BigInteger last) {
        for (int length = 1; length <= JsonRules.MAX_DIGITS; length++) {
            BigInteger low = first.max(length == 1 ? BigInteger.ZERO : BigInteger.TEN.pow(length - 1));
            BigInteger high = last.min(BigInteger.TEN.pow(length).subtract(BigInteger.ONE));
            if (low.compareTo(high) <= 0) {
                digits(from, low.toString(), high.toString(), 0);
            }
        }
    }

    /** All strings of {@code length} digits, at least one, behind digits with a remainder. */
    void free(int from, int length, int remainder) {
        range(from, '0', '9', length - 1, remainder);
    }

    /** Digit strings of one length between two of them, in order. */
    private void digits(int from, String low, String high, int remainder) {
        char first = low.charAt(0);
        char last = high.charAt(0);
        if (low.length() == 1) {
            range(from, first, last, 0, remainder);
            return;
        }
        String zeros = "0".repeat(low.length() - 1);
        String nines = "9".repeat(low.length() - 1);
        String lowRest = low.substring(1);
        String highRest = high.substring(1);
        if (first == last) {
            digits(grammar.character(from, first), lowRest, highRest, after(remainder, first));
            return;
        }
        boolean wholeLow = lowRest.equals(zeros);
        boolean wholeHigh = highRest.equals(nines);
        if (!wholeLow) {
            digits(grammar.character(from, first), lowRest, nines, after(remainder, first));
        }
        if (!wholeHigh) {
            digits(grammar.character(from, last), zeros, highRest, after(remainder, last));
        }
        char middle = wholeLow ? first : (char) (first + 1);
        char end = wholeHigh ? last : (char) (last - 1);
        range(from, middle, end, low.length() - 1, remainder);
    }

    /** One digit of a range, and {@code length} more of any kind; digits that lead to the same place are one edge. */
    private void range(int from, char first, char last, int length, int remainder) {
        char begin = first;
        while (begin <= last) {
            int target = rest(length, after(remainder, begin));
            char end = begin;
            while (end < last && rest(length, after(remainder, (char) (end + 1))) == target) {
                end++;
            }
            if (target != NONE) {
                grammar.bytes(from, begin, end, target);
            }
            begin = (char) (end + 1);
        }
    }

    private int rest(int length, int remainder) {
        if (length == 0) {
            return ends.applyAsInt(remainder);
        }
        Rest rest = new Rest(length, remainder);
        Integer known = states.get(rest);
        if (known == null) {
            known = grammar.state();
            states.put(rest, known);
            range(known, '0', '9', length - 1, remainder);
        }
        return known;
    }

    private int after(int remainder, char digit) {
        return (remainder * 10 + (digit - '0')) % modulus;
    }
}
