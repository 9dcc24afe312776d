package dev.troupe.model.data;

import dev.troupe.model.TroupeException;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Which text is kept from training.
 *
 * <ul>
 *   <li>From {@value #MIN_DOCUMENTS_BY_HASH} documents on: whole documents, by {@link HoldOut}; at least one, if need
 *       be the one that comes first in the order of the hash.
 *   <li>With fewer, such as a single book: the end of each document, from character {@code (long) (length * (1 -
 *       fraction))} on, as nanoGPT cuts its Shakespeare.
 * </ul>
 */
public final class CorpusSplit {
    /** What is kept from training. */
    public enum Kind {
        NOTHING,
        DOCUMENTS_BY_HASH,
        ENDS_BY_POSITION
    }

    static final int MIN_DOCUMENTS_BY_HASH = 100;

    private final Kind kind;
    private final double fraction;

    private CorpusSplit(Kind kind, double fraction) {
        this.kind = kind;
        this.fraction = fraction;
    }

    /**
     * The split of a source; reads only as many documents as the decision takes.
     *
     * @param fraction share that is kept from training, in [0, 1)
     */
    public static CorpusSplit decide(DocumentSource source, double fraction) {
        if (!(fraction >= 0 && fraction < 1)) {
            throw new TroupeException("the held-out fraction is " + fraction + ": use a number from 0 to below 1");
        }
        if (fraction == 0) {
            return new CorpusSplit(Kind.NOTHING, 0);
        }
        try (Stream<Document> documents = source.documents()) {
            double lowest = 1;
            long seen = 0;
            for (var all = documents.iterator();
                    all.hasNext() && (seen < MIN_DOCUMENTS_BY_HASH || lowest >= fraction);
                    seen++) {
                lowest = Math.min(lowest, HoldOut.position(all.next().id()));
            }
            return seen < MIN_DOCUMENTS_BY_HASH
                    ? new CorpusSplit(Kind.ENDS_BY_POSITION, fraction)
                    : new CorpusSplit(Kind.DOCUMENTS_BY_HASH, Math.max(fraction, Math.nextUp(lowest)));
        }
    }

    public Kind kind() {
        return kind;
    }

    /** The part of a document that is trained on, if any. */
    public Optional<Document> training(Document document) {
        return switch (kind) {
            case NOTHING -> Optional.of(document);
            case DOCUMENTS_BY_HASH ->
                HoldOut.isHeldOut(document.id(), fraction) ? Optional.empty() : Optional.of(document);
            case ENDS_BY_POSITION -> part(document, 0, cut(document.text()));
        };
    }

    /** The part of a document that is kept from training, if any. */
    public Optional<Document> heldOut(Document document) {
        return switch (kind) {
            case NOTHING -> Optional.empty();
            case DOCUMENTS_BY_HASH ->
                HoldOut.isHeldOut(document.id(), fraction) ? Optional.of(document) : Optional.empty();
            case ENDS_BY_POSITION ->
                part(document, cut(document.text()), document.text().length());
        };
    }

    private int cut(String text) {
        return characterBoundary(text, (int) (text.length() * (1 - fraction)));
    }

    /** {@code at}, or one less where that would divide a surrogate pair. */
    static int characterBoundary(String text, int at) {
        boolean insidePair =
                at > 0 && at < text.length() && Character.isSurrogatePair(text.charAt(at - 1), text.charAt(at));
        return insidePair ? at - 1 : at;
    }

    private static Optional<Document> part(Document document, int from, int to) {
        return from == to
                ? Optional.empty()
                : Optional.of(new Document(document.id(), document.text().substring(from, to)));
    }
}
