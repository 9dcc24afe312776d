package dev.troupe.safety.filter;

/** Judges texts. Pure and thread-safe. */
public interface TextFilter {
    /** Judges a whole text, such as a prompt. */
    Verdict judge(String text);

    /** Whether it passes every text, so that none need be made for it. */
    boolean passesAll();

    /** Begins to judge a text that comes in pieces, such as an answer. The result is that of {@link #judge}. */
    StreamingFilter stream();
}
