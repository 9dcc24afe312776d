package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** An array of {@code float}. */
public final class FloatArray extends TornadoNativeArray {
    private final MemorySegment segment;
    private final int numElements;

    public FloatArray(int numElements) {
        this.segment = Arena.ofAuto().allocate(4L * numElements, 64);
        this.numElements = numElements;
    }

    private FloatArray(MemorySegment segment) {
        this.segment = segment;
        this.numElements = (int) (segment.byteSize() / 4);
    }

    /** An array over a segment that starts with the header. */
    public static FloatArray fromSegmentShallow(MemorySegment segment) {
        return new FloatArray(segment.asSlice(ARRAY_HEADER));
    }

    public void set(int index, float value) {
        segment.setAtIndex(ValueLayout.JAVA_FLOAT, index, value);
    }

    public float get(int index) {
        return segment.getAtIndex(ValueLayout.JAVA_FLOAT, index);
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
