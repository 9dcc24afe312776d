package dev.troupe.model.grammar;

import java.util.HashMap;
import java.util.Map;

/** Decimals behind a point, one to {@link JsonRules#MAX_DIGITS} of them, that lie between two limits. */
final class FractionRules {
    /** Says that no decimals do. */
    static final int NONE = -1;

    /**
     * A limit of the part behind the point.
     *
     * @param digits without zeros at their end; empty for 0
     * @param inclusive whether it may be reached
     */
    record Limit(String digits, boolean inclusive) {
        private int digit(int position) {
            return position < digits.length() ? digits.charAt(position) - '0' : 0;
        }
    }

    /**
     * What was written so far.
     *
     * @param least whether it is as little as the lower limit lets it be, so that what follows is bound by it
     * @param most the same of the upper limit
     */
    private record Written(int length, boolean least, boolean most) {}

    private final GrammarBuilder grammar;
    private final Limit low;
    private final Limit high;
    private final int to;
    private final Map<Written, Integer> states = new HashMap<>();

    /**
     * @param low 0, inclusive, for no limit
     * @param to the state behind the number
     */
    FractionRules(GrammarBuilder grammar, Limit low, Limit high, int to) {
        this.grammar = grammar;
        this.low = low;
        this.high = high;
        this.to = to;
    }

    /** The state behind the point; {@link #NONE} where no decimals lie between the limits. */
    int start() {
        return state(new Written(0, isBound(true, 0), true));
    }

    /** Whether a fraction that began like the lower limit may still become too little. */
    private boolean isBound(boolean alike, int length) {
        return alike && !(low.inclusive() && length >= low.digits().length());
    }

    private int state(Written written) {
        Integer known = states.get(written);
        if (known == null) {
            known = made(written);
            states.put(written, known);
        }
        return known;
    }

    private int made(Written written) {
        int[] targets = new int[10];
        boolean goesOn = false;
        for (int digit = 0; digit < targets.length; digit++) {
            targets[digit] = written.length() < JsonRules.MAX_DIGITS ? after(written, digit) : NONE;
            goesOn |= targets[digit] != NONE;
        }
        boolean ends = mayEnd(written);
        if (!goesOn && !ends) {
            return NONE;
        }
        int state = grammar.state();
        for (int digit = 0; digit < targets.length; digit++) {
            if (targets[digit] != NONE) {
                grammar.bytes(state, '0' + digit, '0' + digit, targets[digit]);
            }
        }
        if (ends) {
            grammar.empty(state, to);
        }
        return state;
    }

    private int after(Written written, int digit) {
        int least = low.digit(written.length());
        int most = high.digit(written.length());
        if ((written.least() && digit < least) || (written.most() && digit > most)) {
            return NONE;
        }
        int length = written.length() + 1;
        return state(new Written(
                length, isBound(written.least() && digit == least, length), written.most() && digit == most));
    }

    private boolean mayEnd(Written written) {
        return written.length() > 0
                && !written.least()
                && (!written.most()
                        || high.inclusive()
                        || written.length() < high.digits().length());
    }
}
