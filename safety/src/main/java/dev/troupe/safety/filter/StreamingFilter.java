package dev.troupe.safety.filter;

import dev.troupe.safety.pattern.PatternScan;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Judges one text that comes in pieces. Text is released as soon as no blocking rule that could still match began in
 * it, so harmless text passes at once and no blocked span ever leaves, wherever the pieces were cut. When a rule
 * matches, the text before the span is released, and nothing after.
 *
 * <p>The text held back is never longer than the longest match of any rule. Not thread-safe.
 */
public final class StreamingFilter {
    private final List<Rule> rules;
    private final List<PatternScan> scans;
    private final boolean[] flaggedBefore;
    private final List<Finding> flagged = new ArrayList<>();
    private final StringBuilder held = new StringBuilder();

    private int heldFrom; // position of the first held character
    private int readTo; // position after the last character that the rules have read
    private Optional<Finding> blocked = Optional.empty();

    StreamingFilter(List<Rule> rules) {
        this.rules = rules;
        this.scans = rules.stream().map(rule -> new PatternScan(rule.pattern())).toList();
        this.flaggedBefore = new boolean[rules.size()];
    }

    /** Takes a piece and returns what may be shown now; empty for ever after a block. */
    public String append(String piece) {
        if (blocked.isPresent()) {
            return "";
        }
        held.append(piece);
        readHeld(false);
        return blocked.isPresent() ? cut() : release(earliestAttempt());
    }

    /** The text is over: returns the rest, or the part of it before a span that is blocked. */
    public String finish() {
        if (blocked.isPresent()) {
            return "";
        }
        readHeld(true);
        if (blocked.isEmpty()) {
            for (int i = 0; i < rules.size(); i++) {
                judge(i, scans.get(i).end(), readTo);
            }
        }
        return blocked.isPresent() ? cut() : release(readTo);
    }

    /** The judgement so far; final after {@link #finish}. */
    public Verdict verdict() {
        List<Finding> flags = List.copyOf(flagged);
        return blocked.<Verdict>map(finding -> new Verdict.Blocked(finding, flags))
                .orElseGet(() -> new Verdict.Allowed(flags));
    }

    /** Whether a rule has blocked the text: generating more of it is a waste. */
    public boolean isBlocked() {
        return blocked.isPresent();
    }

    private void readHeld(boolean last) {
        int at = readTo - heldFrom;
        while (at < held.length() && blocked.isEmpty()) {
            int codePoint = held.codePointAt(at);
            boolean half = Character.isHighSurrogate(held.charAt(at)) && at + 1 == held.length();
            if (half && !last) {
                return; // its other half is in the next piece
            }
            for (int i = 0; i < rules.size(); i++) {
                judge(i, scans.get(i).next(codePoint, readTo), readTo);
            }
            at += Character.charCount(codePoint);
            readTo = heldFrom + at;
        }
    }

    private void judge(int rule, int start, int end) {
        if (start == PatternScan.NO_MATCH) {
            return;
        }
        Finding finding = new Finding(rules.get(rule).id(), rules.get(rule).category(), start, end, 1.0);
        switch (rules.get(rule).action()) {
            case BLOCK -> {
                if (blocked.isEmpty() || start < blocked.get().start()) {
                    blocked = Optional.of(finding);
                }
            }
            case FLAG -> {
                if (!flaggedBefore[rule]) {
                    flaggedBefore[rule] = true;
                    flagged.add(finding);
                }
            }
        }
    }

    private int earliestAttempt() {
        int earliest = readTo;
        for (int i = 0; i < rules.size(); i++) {
            if (rules.get(i).action() == Rule.Action.BLOCK) {
                earliest = Math.min(earliest, scans.get(i).earliest(readTo));
            }
        }
        return earliest;
    }

    private String cut() {
        String before = release(blocked.map(Finding::start).orElse(heldFrom));
        held.setLength(0);
        return before;
    }

    private String release(int to) {
        String released = held.substring(0, to - heldFrom);
        held.delete(0, to - heldFrom);
        heldFrom = to;
        return released;
    }
}
