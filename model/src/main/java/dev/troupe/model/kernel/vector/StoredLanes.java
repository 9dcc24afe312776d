package dev.troupe.model.kernel.vector;

import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.MEMORY;
import static dev.troupe.model.kernel.vector.Lanes.ORDER;
import static dev.troupe.model.kernel.vector.Lanes.SPECIES;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Vectors of floats from numbers that are stored in fewer bits; exact. */
public final class StoredLanes {
    /** As many ints as lanes. */
    public static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;

    /** As many shorts as lanes. */
    public static final VectorSpecies<Short> SHORTS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(LANES * Short.SIZE));

    /** As many bytes as lanes, or the least that there are vectors of. */
    public static final VectorSpecies<Byte> BYTES =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, LANES * Byte.SIZE)));

    private static final int BIAS_DIFFERENCE = (127 - 15) << 23;
    private static final int LEAST_NORMAL = 1 << 23; // of float16, shifted
    private static final int INFINITE = 31 << 23; // exponent of float16's infinities and NaNs, shifted
    private static final float LEAST_NORMAL_VALUE = 0x1p-14f;

    /** The fifteen bits of a half that was extended to an int and shifted by {@link #HALF_SHIFT}, and its sign. */
    public static final int SIGN_AND_HALF = 0x8FFFE000;

    /** Bits of float32's fraction less float16's. */
    public static final int HALF_SHIFT = 13;

    /**
     * What a float of {@link #SIGN_AND_HALF}'s bits is to be multiplied with: finite halves, subnormal ones included,
     * in fewer instructions than {@link #f16}.
     */
    public static final float HALF_FACTOR = 0x1p112f;

    private StoredLanes() {}

    /** Upper halves of float32. */
    public static FloatVector bf16(long address) {
        return ints(address).lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    /** IEEE half precision, subnormal numbers and infinities included. */
    public static FloatVector f16(long address) {
        IntVector half = ints(address);
        IntVector sign = half.and(0x8000).lanewise(VectorOperators.LSHL, 16);
        IntVector magnitude = half.and(0x7FFF).lanewise(VectorOperators.LSHL, HALF_SHIFT);
        IntVector normal = magnitude.add(BIAS_DIFFERENCE);
        FloatVector subnormal = magnitude
                .add(BIAS_DIFFERENCE + LEAST_NORMAL)
                .reinterpretAsFloats()
                .sub(LEAST_NORMAL_VALUE);
        return normal.blend(subnormal.reinterpretAsInts(), magnitude.compare(VectorOperators.LT, LEAST_NORMAL))
                .blend(magnitude.add(2 * BIAS_DIFFERENCE), magnitude.compare(VectorOperators.GE, INFINITE))
                .or(sign)
                .reinterpretAsFloats();
    }

    /** IEEE half precision, finite numbers only. */
    public static FloatVector finiteF16(long address) {
        return ((IntVector) ShortVector.fromMemorySegment(SHORTS, MEMORY, address, ORDER)
                        .convertShape(VectorOperators.S2I, INTS, 0))
                .lanewise(VectorOperators.LSHL, HALF_SHIFT)
                .and(SIGN_AND_HALF)
                .reinterpretAsFloats()
                .mul(HALF_FACTOR);
    }

    /** Signed bytes; up to 8 of them are read where vectors are shorter. */
    public static FloatVector bytes(long address) {
        return (FloatVector) ByteVector.fromMemorySegment(BYTES, MEMORY, address, ORDER)
                .convertShape(VectorOperators.B2F, SPECIES, 0);
    }

    private static IntVector ints(long address) {
        return (IntVector) ShortVector.fromMemorySegment(SHORTS, MEMORY, address, ORDER)
                .convertShape(VectorOperators.ZERO_EXTEND_S2I, INTS, 0);
    }
}
