package dev.troupe.model.data;

import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Where documents come from. Every reading gives the same documents in the same order, one at a time: a source may be
 * far larger than memory.
 */
public interface DocumentSource {
    /** What a report calls this source. */
    String name();

    /**
     * Changes whenever the documents may have changed; equal fingerprints let a prepared corpus be used again.
     *
     * @throws dev.troupe.model.TroupeException when the source is missing
     */
    String fingerprint();

    /**
     * The documents, lazily and in order. Close the stream: it may hold a file open.
     *
     * @throws dev.troupe.model.TroupeException here or while the stream runs, when the source is missing, unreadable,
     *     empty or no text
     */
    Stream<Document> documents();

    /** What a user should know after a reading: files that were passed over, bytes that were repaired. */
    default List<String> notes() {
        return List.of();
    }

    /** Gives every document to {@code visitor}, in order. */
    default void forEach(Consumer<Document> visitor) {
        try (Stream<Document> documents = documents()) {
            documents.forEachOrdered(visitor);
        }
    }

    /** A source of documents that are in memory already. */
    static DocumentSource of(String name, List<Document> documents) {
        return new InMemorySource(name, List.copyOf(documents));
    }
}
