package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** An array of {@code int}. */
public final class IntArray extends TornadoNativeArray {
    private final MemorySegment segment;
    private final int numElements;

    public IntArray(int numElements) {
        this.segment = Arena.ofAuto().allocate(4L * numElements, 64);
        this.numElements = numElements;
    }

    private IntArray(MemorySegment segment) {
        this.segment = segment;
        this.numElements = (int) (segment.byteSize() / 4);
    }

    /** An array over a segment that starts with the header. */
    public static IntArray fromSegmentShallow(MemorySegment segment) {
        return new IntArray(segment.asSlice(ARRAY_HEADER));
    }

    public void set(int index, int value) {
        segment.setAtIndex(ValueLayout.JAVA_INT, index, value);
    }

    public int get(int index) {
        return segment.getAtIndex(ValueLayout.JAVA_INT, index);
    }

    @Override
    public MemorySegment getSegment() {
        return segment;
    }

    @Override
    public int getSize() {
        return numElements;
    }
}
