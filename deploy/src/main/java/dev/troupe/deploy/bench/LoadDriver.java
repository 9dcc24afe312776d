package dev.troupe.deploy.bench;

import dev.troupe.deploy.bench.LoadTarget.Answered;
import dev.troupe.deploy.bench.LoadTarget.Arrivals;
import dev.troupe.deploy.bench.LoadTarget.Outcome;
import dev.troupe.model.TroupeException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
import java.util.stream.Stream;

/**
 * Begins the requests of one load when they are due and keeps when their tokens came. A request of an open loop is due
 * at its time, whether or not the driver was in time. Tokens of different requests may be told on different threads.
 */
final class LoadDriver {
    private static final long TIMEOUT_SECONDS = 600;

    private final Arrivals arrivals;
    private final IntConsumer begin;
    private final long[] due;
    private final List<TokenTimes> times; // each is written by the thread that tells that request's tokens
    private final AtomicInteger begun = new AtomicInteger();
    private final AtomicInteger done = new AtomicInteger();
    private final CompletableFuture<Boolean> over = new CompletableFuture<>();

    /** @param begin asks request number so and so; must not block */
    LoadDriver(int numRequests, Arrivals arrivals, int numTokens, IntConsumer begin) {
        this.arrivals = arrivals;
        this.begin = begin;
        due = new long[numRequests];
        times = Stream.generate(() -> new TokenTimes(numTokens))
                .limit(numRequests)
                .toList();
    }

    /**
     * Runs the load.
     *
     * @throws TroupeException when a request failed or the load takes longer than ten minutes
     */
    Outcome run() {
        long start = System.nanoTime();
        switch (arrivals) {
            case Arrivals.Closed closed -> {
                for (int i = 0; i < Math.min(closed.streams(), due.length); i++) {
                    next().ifPresent(begin);
                }
            }
            case Arrivals.Open open -> {
                for (int request = 0; request < due.length && !over.isDone(); request++) {
                    due[request] = start + open.offsetNanos().get(request);
                    for (long wait = due[request] - System.nanoTime();
                            wait > 0;
                            wait = due[request] - System.nanoTime()) {
                        LockSupport.parkNanos(wait);
                    }
                    begin.accept(request);
                }
            }
        }
        await();
        long end = start;
        List<Answered> answers = new ArrayList<>();
        for (int request = 0; request < due.length; request++) {
            answers.add(Answered.of(request, due[request], times.get(request)));
            end = Math.max(end, times.get(request).last());
        }
        return new Outcome(answers, (end - start) / 1e9, 0);
    }

    private OptionalInt next() {
        int request = begun.getAndIncrement();
        if (request >= due.length) {
            return OptionalInt.empty();
        }
        due[request] = System.nanoTime();
        return OptionalInt.of(request);
    }

    private void await() {
        try {
            over.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TroupeException("interrupted while the load was running", e);
        } catch (ExecutionException e) {
            throw new TroupeException("a request of the load failed: " + e.getCause(), e);
        } catch (TimeoutException e) {
            throw new TroupeException("a load was not answered within " + TIMEOUT_SECONDS + " s", e);
        }
    }

    /** So many tokens of a request are there. */
    void tokens(int request, int numTokens) {
        times.get(request).came(System.nanoTime(), numTokens);
    }

    /**
     * A request is answered.
     *
     * @return the next of its stream, which is due now, for the caller to ask
     */
    OptionalInt answered(int request) {
        if (times.get(request).count() == 0) {
            failed(new IllegalStateException("an answer without a token"));
        } else if (done.incrementAndGet() == due.length) {
            over.complete(true);
        } else if (arrivals instanceof Arrivals.Closed) {
            return next();
        }
        return OptionalInt.empty();
    }

    /** A request is not answered: the load ends. */
    void failed(Throwable cause) {
        over.completeExceptionally(cause);
    }
}
