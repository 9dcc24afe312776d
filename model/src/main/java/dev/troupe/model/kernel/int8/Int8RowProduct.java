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
    private static final long PANEL = 2 * SUMS; // of ints, then of their upper halves
    private static final long ROW_QUAD = Int8Weight.QUAD * (long) Integer.BYTES;
    private static final int SIGNS = 0x80808080;
    private static final int LOW_BYTES = 0x00FF00FF;

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
        int quads = Math.ceilDiv(w.k(), Int8Weight.QUAD);
        int panels = Int8Weight.panels(w.n());
        long rowBytes = Int8Rows.quadsBytes(w.k());
        try (ScratchPool.Scratch row = scratch.borrow(2 * (rowBytes + Int8Rows.MARGIN) + Float.BYTES)) {
            long numbers = row.address() + rowBytes + Int8Rows.MARGIN;
            long scale = numbers + rowBytes + Int8Rows.MARGIN;
            Lanes.set(scale, Int8Rows.storeQuads(w.k(), a.address(), row.address(), numbers));
            Int8Result result = new Int8Result(
                    w, scale, accumulate ? c.address() : 0, bias == null ? 0 : bias.address(), c.address(), 0);
            Stretches.share(
                    pool,
                    panels,
                    inTurns,
                    (long) w.n() * w.k(),
                    (from, to) -> panels(from, to, w, quads, row.address(), result));
        }
    }

    /** Outputs of the panels [from, to) of a row that {@link Int8Rows#storeQuads} has stored. */
    private void panels(int from, int to, Int8Weight w, int quads, long row, Int8Result result) {
        try (ScratchPool.Scratch sums = scratch.borrow(inTurns * PANEL)) {
            for (int panel = from; panel < to; panel += inTurns) {
                atOnce(panel, Math.min(inTurns, to - panel), w, quads, row, sums.address());
                for (int at = panel; at < Math.min(to, panel + inTurns); at++) {
                    int column = at * Int8Weight.COLUMNS;
                    int columns = Math.min(Int8Weight.COLUMNS, w.n() - column);
                    result.finish(0, 1, column, columns, sums.address() + (at - panel) * PANEL, 0);
                }
            }
        }
    }

    /** Sums of {@code count} panels. */
    private static void atOnce(int panel, int count, Int8Weight w, int quads, long row, long sums) {
        long panelBytes = Int8Weight.panelBytes(Int8Weight.depth(w.k()));
        long numbers = w.numbers().address() + panel * panelBytes;
        for (int p = 0; p < count; p++) {
            begin(w.shifts().address() + (panel + p) * SUMS, quads, sums + p * PANEL);
        }
        for (int quad = 0; quad < quads; quad += QUADS) {
            int some = Math.min(QUADS, quads - quad);
            long at = numbers + quad * (long) Int8Weight.QUAD_BYTES;
            for (int p = 0; p < count; p++) {
                product(some, row + quad * ROW_QUAD, at + p * panelBytes, sums + p * PANEL);
            }
        }
        for (int p = 0; p < count; p++) {
            end(sums + p * PANEL);
        }
    }

    /** The numbers here are not shifted, so what is subtracted from sums of shifted ones is added first. */
    private static void begin(long shifts, int quads, long sums) {
        int positive = Int8Rows.POSITIVE * quads; // modulo 2^32, as all sums are
        for (int v = 0; v < VECTORS; v++) {
            long at = (sums + v * BYTES) & ADDRESS;
            ints((shifts + v * BYTES) & ADDRESS).sub(positive).intoMemorySegment(MEMORY, at, ORDER);
            IntVector.zero(StoredLanes.INTS).intoMemorySegment(MEMORY, at + SUMS, ORDER);
        }
    }

    /** Adds the sums of upper halves, and takes them out of the sums of whole ints. */
    private static void end(long sums) {
        for (int v = 0; v < VECTORS; v++) {
            long at = (sums + v * BYTES) & ADDRESS;
            IntVector upper = ints(at + SUMS);
            IntVector lower = ints(at).sub(upper.lanewise(VectorOperators.LSHL, Short.SIZE));
            lower.add(upper).intoMemorySegment(MEMORY, at, ORDER);
        }
    }

    /** At a masked address. */
    private static IntVector ints(long at) {
        return IntVector.fromMemorySegment(StoredLanes.INTS, MEMORY, at, ORDER);
    }

    /** At a masked address. */
    private static ShortVector pair(long at) {
        return IntVector.broadcast(StoredLanes.INTS, MEMORY.get(INT, at)).reinterpretAsShorts();
    }

    /**
     * Sums of 64 outputs, which stay in the cache: in registers they are too much for the compiler.
     *
     * <p>An int has bytes w0 to w3 of a column. With u = w + 128 its lower short is u0 + 256 · u1, so modulo 2^16 u0 ·
     * x0 + u1 · x1 is that short times x0, without cutting u0 out, and u1 · (x1 - 256 · x0). Less 128 · (x0 + x1) this
     * is w0 · x0 + w1 · x1, which fits, and is positive with {@link Int8Rows#POSITIVE} added. Since the lower halves
     * are, sums of whole ints less 2^16 times the sums of upper halves are sums of lower halves.
     */
    private static void product(int quads, long row, long numbers, long sums) {
        for (int quad = 0; quad < quads; quad++) {
            long x = (row + quad * ROW_QUAD) & ADDRESS;
            ShortVector factor = pair(x);
            ShortVector nextFactor = pair(x + 4);
            ShortVector constant = pair(x + 8);
            for (int v = 0; v < VECTORS; v++) {
                IntVector four = ints((numbers + quad * (long) Int8Weight.QUAD_BYTES + v * BYTES) & ADDRESS)
                        .lanewise(VectorOperators.XOR, SIGNS);
                ShortVector next = four.lanewise(VectorOperators.LSHR, Byte.SIZE)
                        .and(LOW_BYTES)
                        .reinterpretAsShorts();
                IntVector two = four.reinterpretAsShorts()
                        .mul(factor)
                        .add(next.mul(nextFactor))
                        .add(constant)
                        .reinterpretAsInts();
                long at = (sums + v * BYTES) & ADDRESS;
                ints(at).add(two).intoMemorySegment(MEMORY, at, ORDER);
                two.lanewise(VectorOperators.ASHR, Short.SIZE)
                        .add(ints(at + SUMS))
                        .intoMemorySegment(MEMORY, at + SUMS, ORDER);
            }
        }
    }
}
