package dev.troupe.deploy.node;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ctrl-C or SIGTERM as an event: the command's thread waits for it, tidies up and returns; only then does the process
 * end, with the command's own exit code, since an end that was asked for is no error.
 */
public final class Interruption {
    private static final Logger LOG = LoggerFactory.getLogger(Interruption.class);

    private final CompletableFuture<Void> asked = new CompletableFuture<>();
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
        asked.complete(null);
        try {
            finished.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        // A JVM that a signal ends reports 128 + its number; this end was asked for and is complete.
        Runtime.getRuntime().halt(exitCode);
    }

    /** Waits until the process is asked to end. */
    public void await() {
        asked.join();
    }

    /**
     * Waits until the process is asked to end, or until {@code beside} fails, which must not.
     *
     * @throws RuntimeException what it failed with
     */
    public void await(CompletableFuture<Void> beside) {
        CompletableFuture<Void> failed = new CompletableFuture<>();
        beside.exceptionally(problem -> {
            failed.completeExceptionally(problem);
            return null;
        });
        try {
            CompletableFuture.anyOf(asked, failed).join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        }
    }

    /** Waits until the process is asked to end, at most so long; whether it has been. */
    public boolean await(Duration atMost) {
        try {
            asked.get(atMost.toNanos(), TimeUnit.NANOSECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException("nobody completes it with a failure", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    /** Whether the process has been asked to end. */
    public boolean isAsked() {
        return asked.isDone();
    }
}
