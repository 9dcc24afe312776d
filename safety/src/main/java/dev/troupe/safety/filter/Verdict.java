package dev.troupe.safety.filter;

import java.util.List;

/** The judgement on a text. */
public sealed interface Verdict {
    /** Findings of rules that only flag, in order of their end; the first of each rule. */
    List<Finding> flagged();

    /** The text may pass. */
    record Allowed(List<Finding> flagged) implements Verdict {}

    /** The text must not pass; {@code finding} says why. */
    record Blocked(Finding finding, List<Finding> flagged) implements Verdict {}
}
