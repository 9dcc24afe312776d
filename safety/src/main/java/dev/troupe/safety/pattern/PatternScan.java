package dev.troupe.safety.pattern;

import dev.troupe.safety.pattern.SafePattern.Instruction.Accept;
import dev.troupe.safety.pattern.SafePattern.Instruction.Border;
import dev.troupe.safety.pattern.SafePattern.Instruction.Fork;
import dev.troupe.safety.pattern.SafePattern.Instruction.Read;
import java.util.Arrays;

/**
 * One pattern on one text, a character at a time. All attempts to match run side by side, ordered by where they began;
 * of two at the same instruction the earlier one is kept, for both have the same future.
 *
 * <p>A match is seen when the character after it is read (a border may depend on it) or when the text ends.
 */
public final class PatternScan {
    /** What {@link #next} and {@link #end} return when no match ends here. */
    public static final int NO_MATCH = -1;

    private static final int END_OF_TEXT = -1;

    private final SafePattern pattern;
    private final int[] mark; // of each instruction the latest round that visited it
    private int round;

    private int[] places; // instructions at which attempts stand, before borders and forks
    private int[] begins; // where those attempts began, rising
    private int numAttempts;
    private int[] readPlaces;
    private int[] readBegins;
    private int numReads;
    private int previous = END_OF_TEXT;

    public PatternScan(SafePattern pattern) {
        this.pattern = pattern;
        int size = pattern.numInstructions() + 1;
        this.mark = new int[size];
        this.places = new int[size];
        this.begins = new int[size];
        this.readPlaces = new int[size];
        this.readBegins = new int[size];
    }

    /**
     * Reads a character.
     *
     * @param position of the character in the text, in whatever unit rises
     * @return where the earliest match began that ends before this character, or {@link #NO_MATCH}
     */
    public int next(int codePoint, int position) {
        places[numAttempts] = 0;
        begins[numAttempts] = position;
        numAttempts++;
        int match = follow(codePoint);
        read(codePoint);
        previous = codePoint;
        return match;
    }

    /** The text is over: where the earliest match began that ends here, or {@link #NO_MATCH}. */
    public int end() {
        return follow(END_OF_TEXT);
    }

    /** Where the earliest attempt began that can still become a match, or {@code otherwise} when there is none. */
    public int earliest(int otherwise) {
        return numAttempts == 0 ? otherwise : begins[0];
    }

    /** From the attempts' places through borders and forks to what can read; returns a match's beginning. */
    private int follow(int codePoint) {
        round++;
        if (round == Integer.MAX_VALUE) {
            Arrays.fill(mark, 0);
            round = 1;
        }
        numReads = 0;
        boolean border = isWord(previous) != isWord(codePoint);
        int match = NO_MATCH;
        for (int i = 0; i < numAttempts; i++) {
            boolean accepted = visit(places[i], begins[i], border);
            if (accepted && match == NO_MATCH) {
                match = begins[i];
            }
        }
        return match;
    }

    private boolean visit(int place, int begin, boolean border) {
        if (mark[place] == round) {
            return false;
        }
        mark[place] = round;
        return switch (pattern.instruction(place)) {
            case Accept accept -> true;
            case Border atBorder -> border && visit(place + 1, begin, true);
            case Fork(var targets) -> {
                boolean accepted = false;
                for (int target : targets) {
                    accepted |= visit(target, begin, border);
                }
                yield accepted;
            }
            case Read read -> {
                readPlaces[numReads] = place;
                readBegins[numReads] = begin;
                numReads++;
                yield false;
            }
        };
    }

    private void read(int codePoint) {
        numAttempts = 0;
        for (int i = 0; i < numReads; i++) {
            if (pattern.instruction(readPlaces[i]) instanceof Read(var set) && pattern.reads(set, codePoint)) {
                places[numAttempts] = readPlaces[i] + 1;
                begins[numAttempts] = readBegins[i];
                numAttempts++;
            }
        }
    }

    private static boolean isWord(int codePoint) {
        return codePoint != END_OF_TEXT && (Character.isLetterOrDigit(codePoint) || codePoint == '_');
    }
}
