package dev.troupe.model.kernel.vector;

import dev.troupe.model.kernel.machine.MachineCode;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * Float lanes over raw addresses. A kernel checks its tensors' sizes once at its entry and then reads and writes
 * through one segment that covers all of memory: the compiler proves its bounds away, where it could not for a segment
 * per tensor.
 */
public final class Lanes {
    /** The widest vectors that this machine runs well. */
    public static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;

    /** Floats in a vector. */
    public static final int LANES = SPECIES.length();

    /** Bytes of a vector. */
    public static final long BYTES = SPECIES.vectorByteSize();

    /**
     * The bits of an address that user space has on 64-bit systems. With an address that is masked so, and distances
     * that are constants, the compiler proves accesses to be in bounds and leaves out the checks.
     */
    public static final long ADDRESS = (1L << 57) - 1;

    /** All of memory. */
    public static final MemorySegment MEMORY = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    /** The byte order of vectors in memory. */
    public static final ByteOrder ORDER = ByteOrder.nativeOrder();

    /** A float at any address. */
    public static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

    private static final VectorShuffle<Float> SWAP_8 = swap(8);
    private static final VectorShuffle<Float> SWAP_4 = swap(4);
    private static final VectorShuffle<Float> SWAP_2 = swap(2);
    private static final VectorShuffle<Float> SWAP_1 = swap(1);

    private static final int WRITTEN_LANES = 16; // of machine code

    private Lanes() {}

    /** Whether machine code runs here, over vectors as wide as these. */
    public static boolean matchMachineCode() {
        return LANES == WRITTEN_LANES && MachineCode.unavailable().isEmpty();
    }

    public static FloatVector zero() {
        return FloatVector.zero(SPECIES);
    }

    /** All lanes the float at this address. */
    public static FloatVector broadcast(long address) {
        return FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, address));
    }

    public static FloatVector load(long address) {
        return FloatVector.fromMemorySegment(SPECIES, MEMORY, address, ORDER);
    }

    /** Lanes that are not set are zero and their memory is not touched. */
    public static FloatVector load(long address, VectorMask<Float> mask) {
        return FloatVector.fromMemorySegment(SPECIES, MEMORY, address, ORDER, mask);
    }

    public static void store(FloatVector vector, long address) {
        vector.intoMemorySegment(MEMORY, address, ORDER);
    }

    public static void store(FloatVector vector, long address, VectorMask<Float> mask) {
        vector.intoMemorySegment(MEMORY, address, ORDER, mask);
    }

    public static float get(long address) {
        return MEMORY.get(FLOAT, address);
    }

    public static void set(long address, float value) {
        MEMORY.set(FLOAT, address, value);
    }

    public static void fill(long address, long bytes, byte value) {
        MEMORY.asSlice(address, bytes).fill(value);
    }

    /** The first {@code count} lanes, for the end of a row; count may exceed the lanes. */
    public static VectorMask<Float> first(long count) {
        return SPECIES.indexInRange(0, count);
    }

    /**
     * The sum of all lanes, by halves: lane i plus lane i + 8, then + 4, + 2, + 1. The library's own reduction is free
     * to choose an order and was seen to choose another one after warm-up.
     */
    public static float sum(FloatVector vector) {
        FloatVector v = vector;
        if (LANES >= 16) {
            v = v.add(v.rearrange(SWAP_8));
        }
        if (LANES >= 8) {
            v = v.add(v.rearrange(SWAP_4));
        }
        if (LANES >= 4) {
            v = v.add(v.rearrange(SWAP_2));
        }
        v = v.add(v.rearrange(SWAP_1));
        return v.lane(0);
    }

    /**
     * The greatest lane, of which none may be NaN; exact in any order. As integers of the same order, which have a
     * maximum in one instruction where floats take six.
     */
    public static float max(FloatVector vector) {
        IntVector bits = vector.reinterpretAsInts();
        IntVector ordered =
                bits.lanewise(VectorOperators.ASHR, 31).and(Integer.MAX_VALUE).lanewise(VectorOperators.XOR, bits);
        int max = ordered.reduceLanes(VectorOperators.MAX);
        return Float.intBitsToFloat(max ^ ((max >> 31) & Integer.MAX_VALUE));
    }

    private static VectorShuffle<Float> swap(int distance) {
        return VectorShuffle.fromOp(SPECIES, i -> i ^ (distance % SPECIES.length()));
    }
}
