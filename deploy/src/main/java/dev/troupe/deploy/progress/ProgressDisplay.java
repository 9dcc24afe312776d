package dev.troupe.deploy.progress;

import java.io.Console;
import java.util.Optional;

/**
 * Shows what a long command is doing. On a terminal training is a bar that is drawn over itself; elsewhere it is a line
 * now and then, so that a log stays readable. Not thread-safe: one thread shows.
 */
public interface ProgressDisplay {
    /** A new stage of the work, such as "Tokenizer". */
    void stage(String title);

    /** A fact within the stage. */
    void note(String text);

    /** Training went on. May be called for every step; the display decides what it shows. */
    void training(TrainingProgress progress);

    /** Training ended; the bar, if any, stays as it is and output goes on below it. */
    void trainingDone();

    /** A display that fits standard error: a bar when it is a terminal, lines when it is not. */
    static ProgressDisplay forStandardError() {
        boolean terminal =
                Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false)
                        && !"dumb".equals(System.getenv("TERM"))
                        && System.getenv("NO_COLOR") == null;
        return terminal ? new TerminalDisplay(System.err) : new PlainDisplay(System.err);
    }
}
