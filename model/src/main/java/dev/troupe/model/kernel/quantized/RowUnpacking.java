package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.vector.Lanes.BYTES;
import static dev.troupe.model.kernel.vector.Lanes.LANES;

import dev.troupe.model.kernel.vector.Lanes;
import dev.troupe.model.kernel.vector.StoredLanes;
import dev.troupe.model.tensor.StorageType;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** {@link Dequantization} of native rows, by vectors where whole ones fill a block: the same bits. */
public final class RowUnpacking {
    private RowUnpacking() {}

    /**
     * Reads {@code elements} numbers, whose float16 are finite.
     *
     * @param from whole blocks, native
     * @param to float32, native
     */
    public static void read(StorageType type, int elements, MemorySegment from, MemorySegment to) {
        if (type == StorageType.Q8_0 && LANES >= Long.BYTES && BlockLayout.SMALL % LANES == 0) {
            eightBits(elements / BlockLayout.SMALL, from.address(), to.address());
        } else {
            Dequantization.read(type, elements, from, to);
        }
    }

    private static void eightBits(int blocks, long from, long to) {
        long block = from;
        long out = to;
        for (int b = 0; b < blocks; b++) {
            float scale = BlockLayout.half(Lanes.MEMORY, block + BlockLayout.Q8_0_SCALE);
            FloatVector scales = FloatVector.broadcast(Lanes.SPECIES, scale);
            long numbers = block + BlockLayout.Q8_0_NUMBERS;
            for (int i = 0; i < BlockLayout.SMALL; i += LANES) {
                Lanes.store(StoredLanes.bytes(numbers + i).mul(scales), out);
                out += BYTES;
            }
            block += StorageType.Q8_0.blockBytes();
        }
    }
}
