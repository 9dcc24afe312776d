package dev.troupe.actors.training.exchange;

import dev.troupe.model.optim.ShardUpdate;
import dev.troupe.model.tensor.TensorArena;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tensors of a run on this node, found by ticket. Thread-safe.
 *
 * <p>Kernels work on raw addresses, so memory must not go away under a task that outlives its actor: tasks run through
 * {@link #submit}, and {@link #close} frees everything when the last of them has ended.
 */
public final class RunMemory implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RunMemory.class);

    private final String runId;
    private final TensorArena arena = TensorArena.open("train.state");
    private final Map<String, Object> published = new ConcurrentHashMap<>();
    private final Deque<AutoCloseable> resources = new ArrayDeque<>();
    private int runningTasks;
    private boolean closing;
    private final CompletableFuture<Void> freed = new CompletableFuture<>();

    public RunMemory(String runId) {
        this.runId = runId;
        resources.push(arena);
    }

    /** Which run. */
    public String runId() {
        return runId;
    }

    /** Owns weights, gradients and moments. */
    public TensorArena arena() {
        return arena;
    }

    /** Makes tensors known under a name; the same name again replaces them. */
    public TensorTicket publish(String name, Object tensors) {
        published.put(name, tensors);
        return new TensorTicket(runId, name);
    }

    /** What a ticket stands for. */
    public <T> T resolve(TensorTicket ticket, Class<T> type) {
        Object tensors = published.get(ticket.name());
        if (!ticket.runId().equals(runId) || !type.isInstance(tensors)) {
            throw new IllegalStateException("there is no " + type.getSimpleName() + " for " + ticket + " on this node");
        }
        return type.cast(tensors);
    }

    /** Has {@code resource} closed with this memory, in reverse order. */
    public synchronized <T extends AutoCloseable> T own(T resource) {
        if (closing) {
            throw new IllegalStateException("the memory of run " + runId + " is closed");
        }
        resources.push(resource);
        return resource;
    }

    /** Runs a task that uses this memory; memory stays until it has ended. Fails when the memory is closed already. */
    public <T> CompletionStage<T> submit(Executor executor, Callable<T> task) {
        synchronized (this) {
            if (closing) {
                return CompletableFuture.failedFuture(
                        new IllegalStateException("the memory of run " + runId + " is closed"));
            }
            runningTasks++;
        }
        try {
            return CompletableFuture.supplyAsync(() -> run(task), executor);
        } catch (RuntimeException rejected) {
            taskEnded();
            return CompletableFuture.failedFuture(rejected);
        }
    }

    /** The same update, which memory stays for until it has ended, on whatever thread it is called. */
    public ShardUpdate guard(ShardUpdate update) {
        return order -> submit(Runnable::run, () -> update.update(order))
                .toCompletableFuture()
                .join();
    }

    private <T> T run(Callable<T> task) {
        try {
            return task.call();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new CompletionException(e);
        } finally {
            taskEnded();
        }
    }

    private synchronized void taskEnded() {
        runningTasks--;
        freeWhenUnused();
    }

    /** Frees everything as soon as no task uses it. */
    @Override
    public synchronized void close() {
        closing = true;
        freeWhenUnused();
    }

    /** Whether it is to be freed: a task that waits should end. */
    public synchronized boolean isClosing() {
        return closing;
    }

    /** Completes when everything is freed, after {@link #close}. */
    public CompletionStage<Void> freed() {
        return freed;
    }

    private void freeWhenUnused() {
        if (!closing || runningTasks > 0) {
            return;
        }
        published.clear();
        while (!resources.isEmpty()) {
            AutoCloseable resource = resources.pop();
            try {
                resource.close();
            } catch (Exception e) {
                LOG.warn("{} of run {} could not be closed", resource, runId, e);
            }
        }
        freed.complete(null);
    }
}
