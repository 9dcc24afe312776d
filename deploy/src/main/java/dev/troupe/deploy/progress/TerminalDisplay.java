package dev.troupe.deploy.progress;

import java.io.PrintStream;

/** A bar drawn over itself a few times a second. */
final class TerminalDisplay implements ProgressDisplay {
    private static final long INTERVAL_NANOS = 150_000_000L;
    private static final int BAR_CELLS = 24;
    private static final String ERASE_LINE = "\r\u001b[2K";
    private static final String BOLD = "\u001b[1m";
    private static final String PLAIN = "\u001b[0m";
    /** A cell filled by eighths, so that the bar moves smoothly. */
    private static final String EIGHTHS = " ▏▎▍▌▋▊▉█";

    private final PrintStream out;
    private long lastNanos;
    private boolean barShown;

    TerminalDisplay(PrintStream out) {
        this.out = out;
    }

    @Override
    public void stage(String title) {
        endBar();
        out.println(BOLD + "== " + title + PLAIN);
    }

    @Override
    public void note(String text) {
        endBar();
        out.println("   " + text);
    }

    @Override
    public void training(TrainingProgress progress) {
        long now = System.nanoTime();
        if (progress.step() < progress.totalSteps() && now - lastNanos < INTERVAL_NANOS) {
            return;
        }
        lastNanos = now;
        barShown = true;
        out.print(ERASE_LINE + "   " + bar(progress.fraction()) + " " + progress.describe());
        out.flush();
    }

    @Override
    public void trainingDone() {
        endBar();
    }

    private void endBar() {
        if (barShown) {
            out.println();
            barShown = false;
        }
    }

    static String bar(double fraction) {
        int eighths = (int) Math.round(fraction * BAR_CELLS * 8);
        StringBuilder bar = new StringBuilder("│");
        for (int cell = 0; cell < BAR_CELLS; cell++) {
            int filled = Math.clamp(eighths - cell * 8L, 0, 8);
            bar.append(EIGHTHS.charAt(filled));
        }
        return bar.append('│').toString();
    }
}
