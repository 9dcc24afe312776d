package dev.troupe.model.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * A dense, row-major float32 tensor over off-heap memory. It is a view: its {@link TensorArena} owns the memory, and a
 * tensor must not be used after that arena is closed.
 */
public final class Tensor {
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;

    private final MemorySegment segment;
    private final int[] shape;
    private final long size;
    private final long address;

    private Tensor(MemorySegment segment, int[] shape, long size) {
        this.segment = segment;
        this.shape = shape;
        this.size = size;
        this.address = segment.address();
    }

    /**
     * A tensor of {@code shape} over the first bytes of {@code segment}.
     *
     * @throws IllegalArgumentException when the segment is on the heap or too small
     */
    public static Tensor of(MemorySegment segment, int... shape) {
        long size = sizeOf(shape);
        if (!segment.isNative()) {
            throw new IllegalArgumentException("a tensor lives off the heap");
        }
        if (segment.byteSize() < size * Float.BYTES) {
            throw new IllegalArgumentException("a tensor of shape " + Arrays.toString(shape) + " does not fit in "
                    + segment.byteSize() + " bytes");
        }
        return new Tensor(segment.asSlice(0, size * Float.BYTES), shape.clone(), size);
    }

    /** Number of elements of a shape; the empty shape has one. */
    static long sizeOf(int... shape) {
        long size = 1;
        for (int dim : shape) {
            if (dim < 0) {
                throw new IllegalArgumentException("negative dimension in shape " + Arrays.toString(shape));
            }
            size = Math.multiplyExact(size, dim);
        }
        return size;
    }

    /** The memory of exactly these elements. */
    public MemorySegment segment() {
        return segment;
    }

    /** The address of element 0, for kernels, which check sizes once and then compute addresses themselves. */
    public long address() {
        return address;
    }

    public int rank() {
        return shape.length;
    }

    /** Length of dimension {@code i}. */
    public int dim(int i) {
        return shape[i];
    }

    /** Number of elements. */
    public long size() {
        return size;
    }

    /** A tensor over the same memory, from element {@code offset} on. */
    public Tensor view(long offset, int... newShape) {
        long newSize = sizeOf(newShape);
        if (offset < 0 || offset + newSize > size) {
            throw new IndexOutOfBoundsException("view of " + Arrays.toString(newShape) + " at " + offset
                    + " of a tensor of shape " + Arrays.toString(shape));
        }
        return new Tensor(segment.asSlice(offset * Float.BYTES, newSize * Float.BYTES), newShape.clone(), newSize);
    }

    /** Element {@code i} in row-major order. For tests and set-up, not for inner loops. */
    public float get(long i) {
        return segment.getAtIndex(FLOAT, i);
    }

    /** Sets element {@code i} in row-major order. */
    public void set(long i, float value) {
        segment.setAtIndex(FLOAT, i, value);
    }

    /** Sets every element to zero. */
    public void zero() {
        segment.fill((byte) 0);
    }

    /** Copies all of {@code source}, which must have as many elements. */
    public void copyFrom(Tensor source) {
        if (source.size != size) {
            throw new IllegalArgumentException("cannot copy " + source + " to " + this);
        }
        MemorySegment.copy(source.segment, 0, segment, 0, segment.byteSize());
    }

    /** The elements on the heap, for tests and reports. */
    public float[] toArray() {
        return segment.toArray(FLOAT);
    }

    @Override
    public String toString() {
        return "Tensor" + Arrays.toString(shape);
    }
}
