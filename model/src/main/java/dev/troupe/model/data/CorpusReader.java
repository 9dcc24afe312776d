package dev.troupe.model.data;

import dev.troupe.model.TroupeException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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
     * documents of about that size: those that come first in the order of a hash of their ids. One document that is
     * longer than all of the allowance is cut.
     */
    public List<String> sample(long maxChars) {
        if (maxChars < 1) {
            throw new IllegalArgumentException("a sample of " + maxChars + " characters");
        }
        long total;
        try (Stream<String> texts = texts()) {
            total = texts.mapToLong(String::length).sum();
        }
        double share = Math.min(1, (double) maxChars / total);
        var sample = new ArrayList<String>();
        try (Stream<Document> documents = source.documents()) {
            documents
                    .filter(document -> share == 1 || HoldOut.position("sample:" + document.id()) < share)
                    .map(split::training)
                    .flatMap(Optional::stream)
                    .map(Document::text)
                    .forEachOrdered(sample::add);
        }
        if (sample.isEmpty()) {
            try (Stream<String> texts = texts()) {
                String first = texts.findFirst()
                        .orElseThrow(() -> new TroupeException(
                                "no text of " + source.name() + " is left to train on: " + "hold out a smaller part"));
                sample.add(first.substring(0, (int) Math.min(maxChars, first.length())));
            }
        }
        return sample;
    }
}
