package dev.troupe.model.data;

import dev.troupe.model.tokenizer.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Encodes documents on several threads and hands them on in the order in which they came. Documents travel in chunks;
 * as many are under way at most as keep the threads busy, then {@link #add} waits, so memory is bounded by a few chunks
 * (or a few of the longest documents). Used from one thread.
 */
final class ParallelEncoder implements AutoCloseable {
    private static final int CHUNK_CHARS = 1 << 17;
    private static final int CHUNKS_PER_THREAD = 3;

    /** Receives documents on the thread that adds them. */
    interface Sink {
        /** {@code tokens} end with the end-of-text token when the tokenizer has one. */
        void accept(Document document, boolean heldOut, int[] tokens, long textBytes);

        /** A chunk of documents has been handed over. */
        void chunkDone();
    }

    private record Piece(Document document, boolean heldOut) {}

    private record Chunk(List<Piece> pieces, Future<Encoded> encoded) {}

    /** Tokens and UTF-8 bytes of each piece of a chunk. */
    private static final class Encoded {
        final int[][] tokens;
        final long[] textBytes;

        Encoded(int pieces) {
            tokens = new int[pieces][];
            textBytes = new long[pieces];
        }
    }

    private final Tokenizer tokenizer;
    private final Sink sink;
    private final ExecutorService threads;
    private final int maxChunks;
    private final ArrayDeque<Chunk> underWay = new ArrayDeque<>();
    private List<Piece> open = new ArrayList<>();
    private long openChars;

    ParallelEncoder(Tokenizer tokenizer, int numThreads, Sink sink) {
        this.tokenizer = tokenizer;
        this.sink = sink;
        this.maxChunks = numThreads * CHUNKS_PER_THREAD;
        this.threads = Executors.newFixedThreadPool(
                numThreads, Thread.ofPlatform().daemon().name("tokenize-", 0).factory());
    }

    void add(Document document, boolean heldOut) {
        open.add(new Piece(document, heldOut));
        openChars += document.text().length();
        if (openChars >= CHUNK_CHARS) {
            submit();
        }
    }

    /** Hands on all that is still under way. */
    void finish() {
        submit();
        while (!underWay.isEmpty()) {
            handOn(underWay.removeFirst());
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }

    private void submit() {
        if (open.isEmpty()) {
            return;
        }
        List<Piece> pieces = open;
        open = new ArrayList<>();
        openChars = 0;
        if (underWay.size() == maxChunks) {
            handOn(underWay.removeFirst());
        }
        underWay.add(new Chunk(pieces, threads.submit(() -> encode(pieces))));
    }

    private Encoded encode(List<Piece> pieces) {
        int end = tokenizer.endOfText();
        var encoded = new Encoded(pieces.size());
        for (int i = 0; i < pieces.size(); i++) {
            String text = pieces.get(i).document().text();
            int[] tokens = tokenizer.encode(text);
            if (end != Tokenizer.NO_TOKEN) {
                tokens = Arrays.copyOf(tokens, tokens.length + 1);
                tokens[tokens.length - 1] = end;
            }
            encoded.tokens[i] = tokens;
            encoded.textBytes[i] = text.getBytes(StandardCharsets.UTF_8).length;
        }
        return encoded;
    }

    private void handOn(Chunk chunk) {
        Encoded encoded = await(chunk.encoded());
        for (int i = 0; i < chunk.pieces().size(); i++) {
            Piece piece = chunk.pieces().get(i);
            sink.accept(piece.document(), piece.heldOut(), encoded.tokens[i], encoded.textBytes[i]);
        }
        sink.chunkDone();
    }

    private static Encoded await(Future<Encoded> future) {
        try {
            return future.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while tokenizing", e);
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case RuntimeException cause -> throw cause;
                case Error cause -> throw cause;
                case null, default -> throw new IllegalStateException("tokenizing failed", e);
            }
        }
    }
}
