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

    private final TensorBlock block;
    private final long offset; // of element 0 in the block, in elements
    private final MemorySegment segment;
    private final int[] shape;
    private final long size;
    private final long address;

    private Tensor(TensorBlock block, long offset, MemorySegment segment, int[] shape, long size) {
        this.block = block;
        this.offset = offset;
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
        MemorySegment exact = segment.asSlice(0, size * Float.BYTES);
        return new Tensor(new TensorBlock(exact), 0, exact, shape.clone(), size);
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

    /** The memory of exactly these elements, for reading and writing now: not to be kept. */
    public MemorySegment segment() {
        block.beforeWrite();
        return segment;
    }

    /** As {@link #segment}, for reading only, which leaves a device's copy valid. */
    public MemorySegment readOnlySegment() {
        block.beforeRead();
        return segment.asReadOnly();
    }

    /**
     * The address of element 0 for reading and writing now, for kernels, which check sizes once and then compute
     * addresses themselves.
     */
    public long address() {
        block.beforeWrite();
        return address;
    }

    /** The allocation that this tensor is a view of. */
    public TensorBlock block() {
        return block;
    }

    /** Elements of the block before element 0. */
    public long blockOffset() {
        return offset;
    }

    /** Whether the memory has not been freed. */
    public boolean isAlive() {
        return segment.scope().isAlive();
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

    /** A tensor over the same memory, from element {@code from} on. */
    public Tensor view(long from, int... newShape) {
        long newSize = sizeOf(newShape);
        if (from < 0 || from + newSize > size) {
            throw new IndexOutOfBoundsException("view of " + Arrays.toString(newShape) + " at " + from
                    + " of a tensor of shape " + Arrays.toString(shape));
        }
        MemorySegment slice = segment.asSlice(from * Float.BYTES, newSize * Float.BYTES);
        return new Tensor(block, offset + from, slice, newShape.clone(), newSize);
    }

    /** Element {@code i} in row-major order. For tests and set-up, not for inner loops. */
    public float get(long i) {
        block.beforeRead();
        return segment.getAtIndex(FLOAT, i);
    }

    /** Sets element {@code i} in row-major order. */
    public void set(long i, float value) {
        block.beforeWrite();
        segment.setAtIndex(FLOAT, i, value);
    }

    /** Sets every element to zero. */
    public void zero() {
        if (!block.zeroOnDevice(offset, size)) {
            block.beforeWrite();
            segment.fill((byte) 0);
        }
    }

    /** Copies all of {@code source}, which must have as many elements. */
    public void copyFrom(Tensor source) {
        if (source.size != size) {
            throw new IllegalArgumentException("cannot copy " + source + " to " + this);
        }
        if (!block.copyOnDevice(source.block, source.offset, offset, size)) {
            source.block.beforeRead();
            block.beforeWrite();
            MemorySegment.copy(source.segment, 0, segment, 0, segment.byteSize());
        }
    }

    /** Copies all of {@code source}, which must have as many elements. */
    public void copyFrom(float[] source) {
        if (source.length != size) {
            throw new IllegalArgumentException("cannot copy " + source.length + " numbers to " + this);
        }
        block.beforeWrite();
        MemorySegment.copy(source, 0, segment, FLOAT, 0, source.length);
    }

    /** The elements on the heap, for tests, reports and references. */
    public float[] toArray() {
        block.beforeRead();
        return segment.toArray(FLOAT);
    }

    /** {@code count} elements from element {@code from} on, on the heap: such as a row. */
    public float[] toArray(long from, int count) {
        return view(from, count).toArray();
    }

    @Override
    public String toString() {
        return "Tensor" + Arrays.toString(shape);
    }
}
