package dev.troupe.safety.filter;

/** Judges texts. Pure and thread-safe. */
public interface TextFilter {
    /** Judges a whole text, such as a prompt. */
    Verdict judge(String text);

    /** Begins to judge a text that comes in pieces, such as an answer. The result is that of {@link #judge}. */
    StreamingFilter stream();
}
