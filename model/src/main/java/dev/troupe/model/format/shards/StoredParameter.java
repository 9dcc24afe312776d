package dev.troupe.model.format.shards;

import dev.troupe.model.TroupeException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The float32 numbers of one whole parameter, wherever they lie: runs of neighbours in any number of pieces. Any other
 * piece of it can be read from them, as bytes, so the way from one form to another changes no bit.
 */
public final class StoredParameter {
    /** Elements [whole, whole + length) of the parameter are at byte {@code offset} of {@code bytes}. */
    private record Run(long whole, int length, MemorySegment bytes, long offset) {
        long end() {
            return whole + length;
        }
    }

    /** Where the elements of a piece lie, float32 and little-endian. */
    public record Source(ShardPiece piece, MemorySegment bytes) {
        public Source {
            if (bytes.byteSize() != piece.length() * Float.BYTES) {
                throw new IllegalArgumentException(
                        piece.length() + " elements do not have " + bytes.byteSize() + " bytes");
            }
        }
    }

    private final List<Run> runs;

    private StoredParameter(List<Run> runs) {
        this.runs = runs;
    }

    /**
     * A parameter from its pieces.
     *
     * @param name for messages
     * @param elements that it has
     * @throws TroupeException when an element is missing, or there twice
     */
    public static StoredParameter of(String name, long elements, List<Source> sources) {
        List<Run> runs = new ArrayList<>();
        for (Source source : sources) {
            if (source.piece().wholeSize() != elements) {
                throw new TroupeException(name + " has " + elements + " elements, but there is a piece of one with "
                        + source.piece().wholeSize());
            }
            source.piece()
                    .forEachRun((part, whole, length) ->
                            runs.add(new Run(whole, length, source.bytes(), part * Float.BYTES)));
        }
        runs.sort(Comparator.comparingLong(Run::whole));
        long covered = 0;
        for (Run run : runs) {
            if (run.whole() != covered) {
                throw new TroupeException(
                        run.whole() < covered
                                ? "element " + run.whole() + " of " + name + " is there twice"
                                : "elements [" + covered + ", " + run.whole() + ") of " + name + " are missing");
            }
            covered = run.end();
        }
        if (covered != elements) {
            throw new TroupeException("elements [" + covered + ", " + elements + ") of " + name + " are missing");
        }
        return new StoredParameter(runs);
    }

    /** Copies the elements of a piece to {@code target}, which has room for them. */
    public void read(ShardPiece piece, MemorySegment target) {
        piece.forEachRun((part, whole, length) -> read(whole, length, target, part * Float.BYTES));
    }

    private void read(long whole, int length, MemorySegment target, long targetOffset) {
        long at = whole;
        long end = whole + length;
        for (int i = indexOf(whole); at < end; i++) {
            Run run = runs.get(i);
            long count = Math.min(run.end(), end) - at;
            MemorySegment.copy(
                    run.bytes(),
                    run.offset() + (at - run.whole()) * Float.BYTES,
                    target,
                    targetOffset + (at - whole) * Float.BYTES,
                    count * Float.BYTES);
            at += count;
        }
    }

    /** The run that has an element: the last that begins at it or before. */
    private int indexOf(long whole) {
        int low = 0;
        int high = runs.size() - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (runs.get(middle).whole() <= whole) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }
}
