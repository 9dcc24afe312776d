package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.MemorySegment;

/** An off-heap array that a kernel reads or writes. */
public abstract class TornadoNativeArray {
    /** Bytes before the elements. */
    public static final long ARRAY_HEADER = Long.getLong("tornado.panama.objectHeader", 16);

    /** The elements' memory. */
    public abstract MemorySegment getSegment();

    public abstract int getSize();
}
