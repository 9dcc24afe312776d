package dev.troupe.model.kernel.int8;

import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.MEMORY;
import static dev.troupe.model.kernel.vector.Lanes.ORDER;
import static dev.troupe.model.kernel.vector.Lanes.SPECIES;
import static dev.troupe.model.kernel.vector.Lanes.first;
import static dev.troupe.model.kernel.vector.Lanes.load;
import static dev.troupe.model.kernel.vector.Lanes.store;

import dev.troupe.model.kernel.vector.Lanes;
import dev.troupe.model.kernel.vector.Rows;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Rows of A rounded, and rows of sums scaled, with the Vector API. A rounded number is stored plus
 * {@link Int8Weight#SHIFT}, 1 to 255.
 */
public final class Int8Rows {
    private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, SPECIES.vectorShape());
    private static final VectorSpecies<Byte> BYTES_OF_LANES =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, LANES * Byte.SIZE)));
    private static final int MAGNITUDE = Integer.MAX_VALUE;

    /**
     * 1.5 · 2²³: a small number that is added to it is rounded to an integer, ties to even, which stands in the lowest
     * bits of the sum.
     */
    private static final float ROUNDING = 12_582_912f;

    /** Makes a sum of two products of bytes positive. */
    static final int POSITIVE = 1 << (Short.SIZE - 1);

    /** Bytes before and after a row of numbers that are read with it. */
    static final long MARGIN = 2L * Integer.BYTES;

    private static final IntVector FIRST_OF_QUAD = ofQuad(0);
    private static final IntVector SECOND_OF_QUAD = ofQuad(1);
    private static final IntVector THIRD_OF_QUAD = ofQuad(2);

    private static final int ROUNDING_BITS = Float.floatToRawIntBits(ROUNDING);

    private Int8Rows() {}

    /** Magnitudes as integers, which have the order that they have as floats. */
    static IntVector magnitudes(long from) {
        return load(from).reinterpretAsInts().and(MAGNITUDE);
    }

    /** The greatest magnitude of a row. */
    static float greatest(int k, long from) {
        IntVector greatest = IntVector.zero(INTS);
        int p = 0;
        for (; p + LANES <= k; p += LANES) {
            greatest = magnitudes(from + p * 4L).max(greatest);
        }
        if (p < k) {
            greatest = greatest.max(
                    load(from + p * 4L, first(k - p)).reinterpretAsInts().and(MAGNITUDE));
        }
        return Float.intBitsToFloat(greatest.reduceLanes(VectorOperators.MAX));
    }

    private static FloatVector rounded(FloatVector elements, float inverse) {
        return elements.mul(inverse).add(ROUNDING);
    }

    /** Rounded numbers, -127 to 127. */
    static IntVector numbers(FloatVector elements, float inverse) {
        return rounded(elements, inverse).reinterpretAsInts().sub(ROUNDING_BITS);
    }

    /**
     * Stores a row as bytes.
     *
     * @param padded bytes that are written, a multiple of 64: what is beyond k counts for nothing
     * @return its scale
     */
    public static float storeBytes(int k, int padded, long from, long to) {
        if (DotRows.holds(k)) {
            return DotRows.storeBytes(k, padded, from, to);
        }
        float greatest = greatest(k, from);
        float inverse = Int8Rounding.inverse(greatest);
        int p = 0;
        for (; p + LANES <= k; p += LANES) {
            storeLanes(load(from + p * 4L), inverse, to + p);
        }
        for (; p < padded; p += LANES) {
            storeLanes(load(from + p * 4L, first(Math.max(0, k - p))), inverse, to + p);
        }
        return Int8Rounding.scale(greatest);
    }

    /**
     * Stores a row as signed bytes; zeros, where nothing is to be multiplied with: of a row that is not finite, too.
     *
     * @param to address of k bytes, rounded up to 64
     * @return the sum of the numbers
     */
    static int storeSigned(int k, float inverse, long from, long to) {
        if (inverse == 0) {
            Lanes.fill(to, k, (byte) 0);
            return 0;
        }
        IntVector sums = IntVector.zero(INTS);
        for (int p = 0; p < k; p += LANES) {
            FloatVector elements = p + LANES <= k ? load(from + p * 4L) : load(from + p * 4L, first(k - p));
            IntVector numbers = numbers(elements, inverse);
            sums = numbers.add(sums);
            ByteVector bytes = (ByteVector) numbers.convertShape(VectorOperators.I2B, BYTES_OF_LANES, 0);
            bytes.intoMemorySegment(MEMORY, to + p, ORDER);
        }
        return sums.reduceLanes(VectorOperators.ADD);
    }

    private static void storeLanes(FloatVector elements, float inverse, long to) {
        IntVector numbers = rounded(elements, inverse).reinterpretAsInts().add(Int8Weight.SHIFT);
        ByteVector bytes = (ByteVector) numbers.convertShape(VectorOperators.I2B, BYTES_OF_LANES, 0);
        bytes.intoMemorySegment(MEMORY, to, ORDER);
    }

    /** Bytes that {@link #storeQuads} writes; it works in as many and {@link #MARGIN} before and after them. */
    static long quadsBytes(int k) {
        return Math.ceilDiv(k, LANES) * (long) LANES * Integer.BYTES;
    }

    /**
     * Stores a row as {@link Int8RowProduct} wants it: for each four numbers x0 to x3 three ints of two shorts, x0 and
     * x2, then x1 - 256 · x0 and x3 - 256 · x2, then {@link #POSITIVE} - 128 · (x0 + x1) and -128 · (x2 + x3), and a
     * zero. Numbers beyond k are zero.
     *
     * @param scratch of {@link #quadsBytes}, with {@link #MARGIN} before and after it
     * @return its scale
     */
    static float storeQuads(int k, long from, long to, long scratch) {
        float greatest = greatest(k, from);
        float inverse = Int8Rounding.inverse(greatest);
        int p = 0;
        for (; p + LANES <= k; p += LANES) {
            numbers(load(from + p * 4L), inverse).intoMemorySegment(MEMORY, scratch + p * 4L, ORDER);
        }
        if (p < k) {
            numbers(load(from + p * 4L, first(k - p)), inverse).intoMemorySegment(MEMORY, scratch + p * 4L, ORDER);
        }
        for (p = 0; p < k; p += LANES) {
            long at = scratch + p * 4L;
            IntVector before2 = ints(at - 8);
            IntVector before = ints(at - 4);
            IntVector own = ints(at);
            IntVector after = ints(at + 4);
            IntVector after2 = ints(at + 8);
            IntVector factors = shorts(own, after2).and(FIRST_OF_QUAD);
            IntVector nextFactors = shorts(own.sub(timesTwoTo(8, before)), after2.sub(timesTwoTo(8, after)))
                    .and(SECOND_OF_QUAD);
            IntVector constants = shorts(
                            timesTwoTo(7, before2.add(before)).neg().add(POSITIVE),
                            timesTwoTo(7, own.add(after)).neg())
                    .and(THIRD_OF_QUAD);
            factors.or(nextFactors).or(constants).intoMemorySegment(MEMORY, to + p * 4L, ORDER);
        }
        return Int8Rounding.scale(greatest);
    }

    private static IntVector ints(long at) {
        return IntVector.fromMemorySegment(INTS, MEMORY, at, ORDER);
    }

    private static IntVector timesTwoTo(int power, IntVector numbers) {
        return numbers.lanewise(VectorOperators.LSHL, power);
    }

    private static IntVector shorts(IntVector low, IntVector high) {
        return low.and(0xFFFF).or(timesTwoTo(Short.SIZE, high));
    }

    /** All bits in one of each four lanes. */
    private static IntVector ofQuad(int lane) {
        int[] bits = new int[LANES];
        for (int i = 0; i < LANES; i++) {
            bits[i] = i % Int8Weight.QUAD == lane ? -1 : 0;
        }
        return IntVector.fromArray(INTS, bits, 0);
    }

    /** Stores a row of k numbers as float32; returns its scale. */
    static float storeFloats(int k, long from, long to) {
        float greatest = greatest(k, from);
        float inverse = Int8Rounding.inverse(greatest);
        float zero = ROUNDING - Int8Weight.SHIFT;
        int p = 0;
        for (; p + LANES <= k; p += LANES) {
            store(rounded(load(from + p * 4L), inverse).sub(zero), to + p * 4L);
        }
        if (p < k) {
            VectorMask<Float> tail = first(k - p);
            store(rounded(load(from + p * 4L, tail), inverse).sub(zero), to + p * 4L, tail);
        }
        return Int8Rounding.scale(greatest);
    }

    /**
     * Writes a row of C from sums in whole panels, which may be overwritten. All but {@code scale} and {@code columns}
     * are addresses.
     *
     * @param sums of shifted numbers
     * @param shifts what to subtract from them
     * @param scale of the row of A
     * @param scales of the columns
     * @param addend what the product is added to, perhaps {@code to}, or 0
     * @param bias what is added last, or 0
     */
    public static void finish(
            int columns, long sums, long shifts, float scale, long scales, long addend, long bias, long to) {
        if (addend == 0 && bias == 0 && columns % LANES == 0) {
            scale(columns, sums, shifts, scale, scales, to);
        } else { // one loop without a tail: with one for each case, compilers leave some calls, and their vectors boxed
            scale(columns, sums, shifts, scale, scales, sums);
            Rows.finish(columns, sums, addend, bias, to);
        }
    }

    /** Writes sums as float32, whole vectors. */
    private static void scale(int columns, long sums, long shifts, float scale, long scales, long to) {
        for (int j = 0; j < columns; j += LANES) {
            IntVector sum = ints(sums + j * 4L).sub(ints(shifts + j * 4L));
            store(
                    ((FloatVector) sum.convertShape(VectorOperators.I2F, SPECIES, 0))
                            .mul(scale)
                            .mul(load(scales + j * 4L)),
                    to + j * 4L);
        }
    }

    /** Writes inputs [from, from + depth) of a panel as float32, [depth, to a multiple of four][64]. */
    static void unpack(int depth, long quads, long to) {
        for (int p = 0; p < depth; p += Int8Weight.QUAD) {
            long row = to + p * (Int8Weight.COLUMNS * 4L);
            for (int j = 0; j < Int8Weight.COLUMNS; j += LANES) {
                IntVector four = ints(quads + p * (long) Int8Weight.COLUMNS + j * 4L);
                long at = row + j * 4L;
                storeTop(four.lanewise(VectorOperators.LSHL, 24), at);
                storeTop(four.lanewise(VectorOperators.LSHL, 16), at + Int8Weight.COLUMNS * 4L);
                storeTop(four.lanewise(VectorOperators.LSHL, 8), at + Int8Weight.COLUMNS * 8L);
                storeTop(four, at + Int8Weight.COLUMNS * 12L);
            }
        }
    }

    /** The uppermost byte of each lane. */
    private static void storeTop(IntVector lanes, long to) {
        store((FloatVector) lanes.lanewise(VectorOperators.ASHR, 24).convertShape(VectorOperators.I2F, SPECIES, 0), to);
    }

    /** Begins integers with float32 ones. */
    static void begin(int count, long floats, long totals) {
        for (int j = 0; j < count; j += LANES) {
            integers(floats + j * 4L).intoMemorySegment(MEMORY, totals + j * 4L, ORDER);
        }
    }

    /** Adds float32 integers to integers. */
    static void total(int count, long floats, long totals) {
        for (int j = 0; j < count; j += LANES) {
            long at = totals + j * 4L;
            integers(floats + j * 4L).add(ints(at)).intoMemorySegment(MEMORY, at, ORDER);
        }
    }

    private static IntVector integers(long floats) {
        return (IntVector) load(floats).convertShape(VectorOperators.F2I, INTS, 0);
    }
}
