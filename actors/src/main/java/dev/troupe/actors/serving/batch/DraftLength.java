package dev.troupe.actors.serving.batch;

/**
 * How many tokens of one sequence are worth guessing: more after a guess that held to its end, as many as held after
 * one that did not; after guesses of which nothing held, none for a while that doubles each time.
 */
final class DraftLength {
    private static final int FIRST = 4;
    private static final int LONGEST_PAUSE = 64;

    private final int most;
    private int length;
    private int pause; // of the latest useless guess
    private int stepsToWait;

    /** @param most most tokens at once; 0 for never any */
    DraftLength(int most) {
        this.most = most;
        this.length = Math.min(FIRST, most);
    }

    /** Tokens to guess in this step. */
    int next() {
        if (stepsToWait > 0) {
            stepsToWait--;
            return 0;
        }
        return length;
    }

    /** A guess of {@code drafted} > 0 tokens held for {@code accepted}. */
    void learn(int drafted, int accepted) {
        if (accepted == drafted) {
            length = Math.min(most, Math.max(length, drafted) * 2);
        } else {
            length = Math.clamp(accepted, 1, most);
        }
        pause = accepted > 0 ? 0 : Math.min(LONGEST_PAUSE, Math.max(1, 2 * pause));
        stepsToWait = pause;
    }
}
