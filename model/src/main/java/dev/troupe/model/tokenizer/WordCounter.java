package dev.troupe.model.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;

/**
 * Counts the pieces of a corpus on several threads while documents are still arriving; only distinct pieces and a few
 * batches of text are in memory. Documents may come from one thread only.
 */
public final class WordCounter implements AutoCloseable {
    /**
     * A longer piece is counted in parts. Words are far shorter; a megabyte without a space would make each of
     * thousands of merges walk all of it.
     */
    static final int MAX_WORD_BYTES = 1024;

    private static final int BATCH_CHARS = 1 << 20;

    private final PreTokenizer preTokenizer;
    private final ExecutorService workers;
    private final BlockingQueue<WordCounts> tables = new LinkedBlockingQueue<>();
    private final Semaphore waiting;
    private final List<Future<?>> batches = new ArrayList<>();
    private List<String> batch = new ArrayList<>();
    private int batchChars;

    /** @param threads threads that count, at least 1 */
    public WordCounter(PreTokenizer preTokenizer, int threads) {
        this.preTokenizer = preTokenizer;
        workers = Executors.newFixedThreadPool(
                threads, Thread.ofPlatform().daemon().name("word-counter-", 0).factory());
        waiting = new Semaphore(2 * threads);
        for (int i = 0; i < threads; i++) {
            tables.add(new WordCounts());
        }
    }

    /** Counts one document; waits when the workers are behind. */
    public void add(String document) {
        batch.add(document);
        batchChars += document.length();
        if (batchChars >= BATCH_CHARS) {
            submit();
        }
    }

    PreTokenizer preTokenizer() {
        return preTokenizer;
    }

    /** All counts; nothing can be added afterwards. */
    WordCounts finish() {
        submit();
        for (Future<?> done : batches) {
            await(done);
        }
        workers.shutdown();
        WordCounts total = tables.remove();
        for (WordCounts table : tables) {
            total.addAll(table);
        }
        return total;
    }

    /** Drops what is still to be counted. */
    @Override
    public void close() {
        workers.shutdownNow();
    }

    private void submit() {
        List<String> documents = batch;
        batch = new ArrayList<>();
        batchChars = 0;
        waiting.acquireUninterruptibly();
        batches.add(workers.submit(() -> {
            try {
                count(documents);
            } finally {
                waiting.release();
            }
        }));
    }

    private void count(List<String> documents) {
        WordCounts table = tables.remove(); // one a worker: never empty
        try {
            for (String document : documents) {
                count(document.getBytes(StandardCharsets.UTF_8), table);
            }
        } finally {
            tables.add(table);
        }
    }

    private void count(byte[] text, WordCounts table) {
        int from = 0;
        while (from < text.length) {
            int to = preTokenizer.next(text, from, text.length);
            for (int part = from; part < to; part += MAX_WORD_BYTES) {
                table.add(text, part, Math.min(to, part + MAX_WORD_BYTES), 1);
            }
            from = to;
        }
    }

    private static void await(Future<?> future) {
        try {
            future.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while counting words", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException("counting words failed", e.getCause());
        }
    }
}
