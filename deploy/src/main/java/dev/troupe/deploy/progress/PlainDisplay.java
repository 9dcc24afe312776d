package dev.troupe.deploy.progress;

import java.io.PrintStream;

/** Lines for logs and pipes: training says something at most every few seconds. */
final class PlainDisplay implements ProgressDisplay {
    private static final long INTERVAL_NANOS = 5_000_000_000L;

    private final PrintStream out;
    private long lastNanos;
    private boolean first = true;

    PlainDisplay(PrintStream out) {
        this.out = out;
    }

    @Override
    public void stage(String title) {
        out.println("== " + title);
        first = true;
    }

    @Override
    public void note(String text) {
        out.println("   " + text);
    }

    @Override
    public void training(TrainingProgress progress) {
        long now = System.nanoTime();
        boolean last = progress.step() >= progress.totalSteps();
        if (first || last || now - lastNanos >= INTERVAL_NANOS) {
            first = false;
            lastNanos = now;
            out.println("   " + progress.describe());
        }
    }

    @Override
    public void trainingDone() {
        first = true;
    }
}
