package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.quantized.PanelFormat.COLUMNS;
import static dev.troupe.model.kernel.quantized.PanelFormat.PAIR;
import static dev.troupe.model.kernel.vector.Lanes.MEMORY;
import static dev.troupe.model.kernel.vector.Lanes.ORDER;
import static dev.troupe.model.kernel.vector.StoredLanes.INTS;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.IntVector;

/**
 * How panels of 16-bit numbers lie: [k][{@link PanelFormat#COLUMNS}], where in each {@link PanelFormat#PAIR} of columns
 * those of its second half lie between those of the first, so that a vector of ints is read as it is, and a shift or a
 * mask makes floats of it, where numbers one by one would have to be widened.
 *
 * <p>Several panels at once are read faster than one (docs/performance.md): the processor reads ahead in each of them.
 */
final class ColumnPairs {
    /** Bytes of an input of a panel. */
    static final long ROW = COLUMNS * (long) Short.BYTES;

    private ColumnPairs() {}

    /** A vector of pairs. */
    static IntVector pairs(long at) {
        return IntVector.fromMemorySegment(INTS, MEMORY, at, ORDER);
    }

    /** What a number is stored as. */
    @FunctionalInterface
    interface Code {
        short of(short number);
    }

    /** As {@link PanelFormat#pack}. */
    static void pack(int columns, int k, MemorySegment rows, MemorySegment panel, Code code) {
        for (int c = 0; c < columns; c++) {
            int inPair = c % PAIR;
            int place = c - inPair + 2 * inPair % PAIR + 2 * inPair / PAIR;
            for (int p = 0; p < k; p++) {
                short number = rows.get(BlockLayout.SHORT, ((long) c * k + p) * Short.BYTES);
                panel.set(BlockLayout.SHORT, p * ROW + place * (long) Short.BYTES, code.of(number));
            }
        }
    }
}
