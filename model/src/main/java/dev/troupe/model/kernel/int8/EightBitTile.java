package dev.troupe.model.kernel.int8;

import static dev.troupe.model.kernel.vector.Lanes.ADDRESS;
import static dev.troupe.model.kernel.vector.Lanes.BYTES;
import static dev.troupe.model.kernel.vector.Lanes.MEMORY;
import static dev.troupe.model.kernel.vector.Lanes.ORDER;
import static dev.troupe.model.kernel.vector.Lanes.SPECIES;

import dev.troupe.model.kernel.quantized.BlockLayout;
import dev.troupe.model.kernel.vector.Lanes;
import dev.troupe.model.kernel.vector.StoredLanes;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * What products with eight and six bits in float32 lanes need beside the product of float32, in which integers up to
 * 2^24 are exact: 32 products of -128 to 127 and -127 to 127 stay below 2^19.
 */
final class EightBitTile {
    /** Bytes of the unpacked numbers of an input, and of a row's sums. */
    static final long ROW = BlockWeight.COLUMNS * (long) Float.BYTES;

    /** Bytes of an unpacked run: [RUN][COLUMNS] float32. */
    static final long UNPACKED_RUN = BlockWeight.RUN * ROW;

    private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final long FOUR_ROWS = BlockWeight.BYTES_PER_INT * ROW;
    private static final long SECOND = BYTES / 2; // from a pair's first float16 to its second
    private static final int GROUPS = BlockWeight.RUN / BlockLayout.Q6_K_GROUP;
    private static final int FOURS = BlockLayout.Q6_K_GROUP / BlockWeight.BYTES_PER_INT;
    private static final int TOP = Integer.SIZE - Byte.SIZE;

    private EightBitTile() {}

    /** Writes the numbers of a run of Q6_K as float32. */
    static void unpackSix(long weights, long to) {
        long at = weights + BlockWeight.LARGE_SCALES;
        for (long end = at + GROUPS * BlockWeight.SIX_NUMBERS; at != end; at += BlockWeight.SIX_NUMBERS) {
            unpackSixteen(at, to);
            unpackSixteen(at + BYTES, to + BYTES);
            to += UNPACKED_RUN / GROUPS;
        }
    }

    /** Bits lie by fours: byte i of an int has those of numbers i, 4 + i and so on. */
    private static void unpackSixteen(long from, long to) {
        IntVector upper = ints(from);
        for (int four = 0; four < FOURS; four++) {
            IntVector lower = ints(from + (1 + four / 2) * BlockWeight.ROW);
            for (int i = 0; i < BlockWeight.BYTES_PER_INT; i++) {
                IntVector number = lower.lanewise(VectorOperators.LSHR, Byte.SIZE * i + four % 2 * 4)
                        .and(15)
                        .or(upper.lanewise(VectorOperators.LSHR, Byte.SIZE * i + 2 * four)
                                .and(3)
                                .lanewise(VectorOperators.LSHL, 4))
                        .sub(BlockWeight.ZERO_OF_SIX);
                store((FloatVector) number.convertShape(VectorOperators.I2F, SPECIES, 0), to & ADDRESS);
                to += ROW;
            }
        }
    }

    /** Writes the numbers of a run of Q8_0 as float32. */
    static void unpack(long weights, long to) {
        long at = weights + BlockWeight.HALVES;
        // Ends at an address, so that the compiler does not unroll it and leave the rest of it uninlined.
        for (long end = at + BlockWeight.BYTE_STEPS * BlockWeight.ROW; at != end; at += BlockWeight.ROW) {
            unpackFour(at, to);
            unpackFour(at + BYTES, to + BYTES);
            to += FOUR_ROWS;
        }
    }

    private static void unpackFour(long from, long to) {
        IntVector four = signed(from);
        long at = to & ADDRESS;
        for (int i = 0; i < BlockWeight.BYTES_PER_INT; i++) {
            store(number(four, i), at + i * ROW);
        }
    }

    /** Four numbers of each column, which are stored plus 128. */
    private static IntVector signed(long at) {
        return ints(at).lanewise(VectorOperators.XOR, BlockWeight.TOP_BITS);
    }

    private static IntVector ints(long at) {
        return IntVector.fromMemorySegment(INTS, MEMORY, at & ADDRESS, ORDER);
    }

    private static FloatVector number(IntVector four, int i) {
        IntVector upper = four.lanewise(VectorOperators.LSHL, TOP - i * Byte.SIZE);
        return (FloatVector) upper.lanewise(VectorOperators.ASHR, TOP).convertShape(VectorOperators.I2F, SPECIES, 0);
    }

    /** Writes the scales of a run of Q8_0 as float32 [COLUMNS]. */
    static void scales(long weights, long to) {
        store(StoredLanes.finiteF16(weights & ADDRESS), to & ADDRESS);
        store(StoredLanes.finiteF16((weights + SECOND) & ADDRESS), (to + BYTES) & ADDRESS);
    }

    /**
     * The same of half a run of Q6_K.
     *
     * @param head of the block: scales of scales
     * @param scales bytes
     */
    static void scalesOfSix(long head, long scales, long to) {
        for (int half = 0; half < 2; half++) {
            FloatVector d = StoredLanes.finiteF16((head + half * SECOND) & ADDRESS);
            store(
                    StoredLanes.bytes((scales + half * (long) Lanes.LANES) & ADDRESS)
                            .mul(d),
                    (to + half * BYTES) & ADDRESS);
        }
    }

    /**
     * Adds sums of a run, or of half of one, times scales to totals.
     *
     * @param scales of the rows, {@code rowX} apart
     * @param columnScales float32 [COLUMNS]
     * @param sums a row after another
     * @param totals a row after another
     */
    static void scale(int rows, long scales, long rowX, long columnScales, long sums, long totals) {
        FloatVector first = load(columnScales & ADDRESS);
        FloatVector second = load((columnScales + BYTES) & ADDRESS);
        for (int r = 0; r < rows; r++) {
            FloatVector t = broadcast((scales + r * rowX) & ADDRESS);
            long from = (sums + r * ROW) & ADDRESS;
            long to = (totals + r * ROW) & ADDRESS;
            store(load(from).mul(t).fma(first, load(to)), to);
            store(load(from + BYTES).mul(t).fma(second, load(to + BYTES)), to + BYTES);
        }
    }

    /** All runs of Q8_0 with the only row: numbers are unpacked as they are multiplied. */
    static void only(int runs, long x, long scales, long weights, long totals) {
        for (int run = 0; run < runs; run++) {
            FloatVector s = FloatVector.zero(SPECIES);
            FloatVector t = s;
            long from = x + run * (BlockWeight.RUN * 4L);
            long head = weights + run * BlockWeight.BYTE_RUN;
            long at = head + BlockWeight.HALVES;
            for (long end = at + BlockWeight.BYTE_STEPS * BlockWeight.ROW; at != end; at += BlockWeight.ROW) {
                long inputs = from & ADDRESS;
                IntVector p = signed(at);
                IntVector q = signed(at + BYTES);
                for (int i = 0; i < BlockWeight.BYTES_PER_INT; i++) {
                    FloatVector factor = broadcast(inputs + i * 4L);
                    s = number(p, i).fma(factor, s);
                    t = number(q, i).fma(factor, t);
                }
                from += BlockWeight.BYTES_PER_INT * 4L;
            }
            long to = totals & ADDRESS;
            FloatVector own = broadcast((scales + run * 4L) & ADDRESS);
            store(s.mul(own).fma(StoredLanes.finiteF16(head & ADDRESS), load(to)), to);
            store(t.mul(own).fma(StoredLanes.finiteF16((head + SECOND) & ADDRESS), load(to + BYTES)), to + BYTES);
        }
    }

    /** At a masked address. */
    private static FloatVector load(long at) {
        return FloatVector.fromMemorySegment(SPECIES, MEMORY, at, ORDER);
    }

    /** At a masked address. */
    private static void store(FloatVector vector, long to) {
        vector.intoMemorySegment(MEMORY, to, ORDER);
    }

    /** Of a masked address. */
    private static FloatVector broadcast(long at) {
        return FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, at));
    }
}
