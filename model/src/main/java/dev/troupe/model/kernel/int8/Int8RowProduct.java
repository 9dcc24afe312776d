package dev.troupe.model.kernel.int8;

import static dev.troupe.model.kernel.vector.Lanes.ADDRESS;
import static dev.troupe.model.kernel.vector.Lanes.BYTES;
import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.MEMORY;
import static dev.troupe.model.kernel.vector.Lanes.ORDER;

import dev.troupe.model.kernel.cache.Processor;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.parallel.Stretches;
import dev.troupe.model.kernel.vector.Lanes;
import dev.troupe.model.kernel.vector.ScratchPool;
import dev.troupe.model.kernel.vector.StoredLanes;
import dev.troupe.model.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import org.jspecify.annotations.Nullable;

/**
 * One row times a weight of eight bits, at the speed at which memory is read. In 16-bit lanes: a product of two bytes
 * with signs fits, and so do two of them, after which sums go on in 32 bits.
 */
public final class Int8RowProduct {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final int VECTORS = Int8Weight.COLUMNS / LANES;
    private static final long SUMS = Int8Weight.COLUMNS * (long) Integer.BYTES;

    /** Of a panel, before the next one's turn. */
    private static final int QUADS = 4;

    private final ComputePool pool;
    private final ScratchPool scratch;
    private final int inTurns;

    /** Products that share their work over {@code pool}. */
    public Int8RowProduct(ComputePool pool, ScratchPool scratch) {
        this(pool, scratch, Processor.machine().placesInTurns());
    }

    /** @param inTurns panels that a thread goes through at once, some quads of one after the other's */
    Int8RowProduct(ComputePool pool, ScratchPool scratch, int inTurns) {
        this.pool = pool;
        this.scratch = scratch;
        this.inTurns = inTurns;
    }

    /** As {@link Int8Product#multiply} for a single row; arguments are checked. */
    public void multiply(Tensor a, Int8Weight w, @Nullable Tensor bias, Tensor c, boolean accumulate) {
        int depth = Int8Weight.depth(w.k());
        int quads = Math.ceilDiv(w.k(), Int8Weight.QUAD);
        int panels = Int8Weight.panels(w.n());
        try (ScratchPool.Scratch row = scratch.borrow(Float.BYTES + depth * (2L * Integer.BYTES))) {
            long pairs = row.address();
            long scale = pairs + quads * (2L * Integer.BYTES);
            Lanes.set(scale, Int8Rows.storePairs(w.k(), a.address(), pairs, scale + Float.BYTES));
            Int8Result result = new Int8Result(
                    w, scale, accumulate ? c.address() : 0, bias == null ? 0 : bias.address(), c.address(), 0);
            Stretches.share(
                    pool,
                    panels,
                    inTurns,
                    (long) w.n() * w.k(),
                    (from, to) -> panels(from, to, w, quads, pairs, result));
        }
    }

    /** Outputs of the panels [from, to) of numbers that are rounded, at {@code pairs}. */
    private void panels(int from, int to, Int8Weight w, int quads, long pairs, Int8Result result) {
        try (ScratchPool.Scratch sums = scratch.borrow(inTurns * SUMS)) {
            for (int panel = from; panel < to; panel += inTurns) {
                atOnce(panel, Math.min(inTurns, to - panel), w, quads, pairs, sums.address());
                for (int at = panel; at < Math.min(to, panel + inTurns); at++) {
                    int column = at * Int8Weight.COLUMNS;
                    int columns = Math.min(Int8Weight.COLUMNS, w.n() - column);
                    result.finish(0, 1, column, columns, sums.address() + (at - panel) * SUMS, 0);
                }
            }
        }
    }

    /** Sums of {@code count} panels. */
    private static void atOnce(int panel, int count, Int8Weight w, int quads, long pairs, long sums) {
        long panelBytes = Int8Weight.panelBytes(Int8Weight.depth(w.k()));
        long numbers = w.numbers().address() + panel * panelBytes;
        for (int p = 0; p < count; p++) {
            begin(w.shifts().address() + (panel + p) * SUMS, sums + p * SUMS);
        }
        for (int quad = 0; quad < quads; quad += QUADS) {
            int some = Math.min(QUADS, quads - quad);
            long at = numbers + quad * (long) Int8Weight.QUAD_BYTES;
            for (int p = 0; p < count; p++) {
                product(some, pairs + quad * 8L, at + p * panelBytes, sums + p * SUMS);
            }
        }
    }

    /** What is subtracted from sums of shifted numbers: these here are not. */
    private static void begin(long shifts, long sums) {
        for (int v = 0; v < VECTORS; v++) {
            ints(shifts + v * BYTES).intoMemorySegment(MEMORY, (sums + v * BYTES) & ADDRESS, ORDER);
        }
    }

    private static IntVector ints(long at) {
        return IntVector.fromMemorySegment(StoredLanes.INTS, MEMORY, at & ADDRESS, ORDER);
    }

    private static ShortVector pair(long at) {
        return IntVector.broadcast(StoredLanes.INTS, MEMORY.get(INT, at)).reinterpretAsShorts();
    }

    /** The lower byte of each short, with its sign: not by shifts of shorts, which take three instructions each. */
    private static ShortVector lowBytes(IntVector numbers) {
        return numbers.and(0x00FF00FF)
                .lanewise(VectorOperators.XOR, 0x00800080)
                .reinterpretAsShorts()
                .sub((short) 0x80);
    }

    /** Sums of 64 outputs, which stay in the cache: in registers they are too much for the compiler. */
    private static void product(int quads, long pairs, long numbers, long sums) {
        for (int quad = 0; quad < quads; quad++) {
            long x = (pairs + quad * 8L) & ADDRESS;
            ShortVector even = pair(x);
            ShortVector odd = pair(x + 4);
            for (int v = 0; v < VECTORS; v++) {
                IntVector four = ints(numbers + quad * (long) Int8Weight.QUAD_BYTES + v * BYTES);
                ShortVector first = lowBytes(four);
                ShortVector second = four.reinterpretAsShorts().lanewise(VectorOperators.ASHR, 8);
                IntVector two = first.mul(even).add(second.mul(odd)).reinterpretAsInts();
                IntVector low = two.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 16);
                long at = (sums + v * BYTES) & ADDRESS;
                ints(at).add(low).add(two.lanewise(VectorOperators.ASHR, 16)).intoMemorySegment(MEMORY, at, ORDER);
            }
        }
    }
}
