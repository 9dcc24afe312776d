package dev.troupe.deploy.node;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ctrl-C or SIGTERM as an event: the command's thread waits for it, tidies up and returns; only then does the process
 * end, with the command's own exit code, since an end that was asked for is no error.
 */
public final class Interruption {
    private static final Logger LOG = LoggerFactory.getLogger(Interruption.class);

    private final CountDownLatch asked = new CountDownLatch(1);
    private final CountDownLatch finished = new CountDownLatch(1);
    private volatile int exitCode = 1;

    private Interruption() {}

    /** A command that may be interrupted. */
    @FunctionalInterface
    public interface Body {
        /** Runs the command; returns its exit code. */
        int run(Interruption interruption);
    }

    /** Runs {@code body}; a signal that comes meanwhile ends the process when the body has returned, not before. */
    public static int guard(Body body) {
        Interruption interruption = new Interruption();
        Thread hook = new Thread(interruption::onShutdown, "interruption");
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            interruption.exitCode = body.run(interruption);
            return interruption.exitCode;
        } catch (RuntimeException e) {
            if (interruption.isAsked()) {
                // The process ends before anybody could read a message from further up.
                LOG.error("failed while stopping", e);
            }
            throw e;
        } finally {
            if (!interruption.isAsked()) {
                Runtime.getRuntime().removeShutdownHook(hook);
            }
            interruption.finished.countDown();
        }
    }

    private void onShutdown() {
        asked.countDown();
        await(finished);
        // A JVM that a signal ends reports 128 + its number; this end was asked for and is complete.
        Runtime.getRuntime().halt(exitCode);
    }

    /** Waits until the process is asked to end. */
    public void await() {
        await(asked);
    }

    /** Waits until the process is asked to end, at most so long; whether it has been. */
    public boolean await(Duration atMost) {
        try {
            return asked.await(atMost.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    /** Whether the process has been asked to end. */
    public boolean isAsked() {
        return asked.getCount() == 0;
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
