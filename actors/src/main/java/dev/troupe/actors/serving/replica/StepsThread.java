package dev.troupe.actors.serving.replica;

import dev.troupe.actors.serving.AnswerCarriers;
import dev.troupe.model.kernel.parallel.ThreadSlice;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The thread of a replica's steps. While none is wanted it may carry requests and answers: one that comes then is
 * brought to its first step without the wake of a thread, and what is behind it in the queue goes on beside the step.
 * Its slices of the processor are short, as those of all that carry.
 */
final class StepsThread implements Executor {
    private final Queue<Runnable> work = new ConcurrentLinkedQueue<>(); // a session's steps, and the engine's end
    private final Thread thread;
    private volatile @Nullable AnswerCarriers carriers;
    private volatile boolean shutDown;

    StepsThread() {
        thread = Thread.ofPlatform()
                .daemon()
                .name("troupe-steps")
                .start(() -> ThreadSlice.runWithShortest(this::doSteps));
    }

    /** Has it carry from now on while it has nothing else to do: not where steps are taken on another thread. */
    void carry(AnswerCarriers answers) {
        carriers = answers;
        LockSupport.unpark(thread);
    }

    @Override
    public void execute(Runnable task) {
        work.add(task);
        LockSupport.unpark(thread);
    }

    /** Ends the thread when it has done what it was given. */
    void shutdown() {
        shutDown = true;
        LockSupport.unpark(thread);
    }

    private void doSteps() {
        while (!shutDown || !work.isEmpty()) {
            Runnable task = work.poll();
            AnswerCarriers answers = carriers;
            if (task != null) {
                run(task);
            } else if (answers != null) {
                answers.follow(() -> shutDown || !work.isEmpty());
            } else {
                LockSupport.park(this);
            }
        }
    }

    private static void run(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) { // later ones are done all the same
            Thread thread = Thread.currentThread();
            thread.getUncaughtExceptionHandler().uncaughtException(thread, e);
        } finally {
            var _ = Thread.interrupted(); // else the thread would not sleep
        }
    }
}
