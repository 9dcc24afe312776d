package dev.troupe.model.data;

import dev.troupe.model.TroupeException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** The texts of a corpus that may be learned from: what a tokenizer is trained on. */
public final class CorpusReader {
    private final DocumentSource source;
    private final CorpusSplit split;

    /** A reader that leaves out what {@link CorpusSplit} keeps from training. */
    public CorpusReader(DocumentSource source, double heldOutFraction) {
        this.source = source;
        this.split = CorpusSplit.decide(source, heldOutFraction);
    }

    /** The training texts, lazily and in order; close the stream. */
    public Stream<String> texts() {
        return source.documents().map(split::training).flatMap(Optional::stream).map(Document::text);
    }

    /**
     * All texts, those that are held out too, lazily and in order; close the stream. Only for what must cover every
     * character, such as a vocabulary of characters.
     */
    public Stream<String> allTexts() {
        return source.documents().map(Document::text);
    }

    /**
     * The training texts when they have at most {@code maxChars} characters together, else an even sample of whole
     * documents: those that come first in the order of a hash of their ids. The sample never exceeds {@code maxChars};
     * what would is cut.
     */
    public List<String> sample(long maxChars) {
        if (maxChars < 1) {
            throw new IllegalArgumentException("a sample of " + maxChars + " characters");
        }
        long total;
        try (Stream<String> texts = texts()) {
            total = texts.mapToLong(String::length).sum();
        }
        if (total == 0) {
            throw new TroupeException(
                    "no text of " + source.name() + " is left to train on: use more text or hold out less of it");
        }
        double share = (double) maxChars / total;
        List<String> sample = upTo(maxChars, document -> HoldOut.position("sample:" + document.id()) < share);
        // With few and long documents, the hash may pick none of them.
        return sample.isEmpty() ? upTo(maxChars, document -> true) : sample;
    }

    private List<String> upTo(long maxChars, Predicate<Document> chosen) {
        var sample = new ArrayList<String>();
        try (Stream<Document> documents = source.documents()) {
            Iterator<String> texts = documents
                    .filter(chosen)
                    .map(split::training)
                    .flatMap(Optional::stream)
                    .map(Document::text)
                    .iterator();
            long left = maxChars;
            while (left > 0 && texts.hasNext()) {
                String text = texts.next();
                int length = (int) Math.min(left, text.length());
                sample.add(text.substring(0, CorpusSplit.characterBoundary(text, length)));
                left -= length;
            }
        }
        return sample;
    }
}
