package dev.troupe.gpu.device;

import dev.troupe.model.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * One call of a kernel: its grid and its arguments, in the order in which the kernel reads them. Tensors become
 * addresses in the heap when the call is handed to the device's memory.
 */
public final class Launch {
    /** What a kernel does with a tensor. */
    public enum Access {
        READ,
        /** Reads and writes, or writes in part. */
        UPDATE,
        /** Writes every element before anything reads it. */
        OVERWRITE
    }

    /** A tensor among the arguments; its address in {@code heap} goes to {@code slot}. */
    public record Argument(int slot, Tensor tensor, Access access, Heap heap) {}

    private final DeviceKernel kernel;
    private final List<Argument> arguments = new ArrayList<>(4);
    private int[] ints = new int[16];
    private int numInts;
    private float[] floats = new float[0];
    private long groupsX = 1;
    private long groupsY = 1;

    public Launch(DeviceKernel kernel) {
        this.kernel = kernel;
    }

    /** Groups to start along x and y. */
    public Launch groups(long x, long y) {
        groupsX = x;
        groupsY = y;
        return this;
    }

    /** As many groups as {@code items} work items along x need; the last may be partly idle. */
    public Launch items(long items) {
        return groups((items + kernel.localX() - 1) / kernel.localX(), 1);
    }

    public Launch put(int... values) {
        for (int value : values) {
            slot(value);
        }
        return this;
    }

    public Launch put(boolean value) {
        return put(value ? 1 : 0);
    }

    /** The first {@code count} of {@code values}. */
    public Launch indices(int[] values, int count) {
        if (ints.length < numInts + count) {
            ints = Arrays.copyOf(ints, Math.max(2 * ints.length, numInts + count));
        }
        System.arraycopy(values, 0, ints, numInts, count);
        numInts += count;
        return this;
    }

    public Launch read(Tensor tensor) {
        return argument(tensor, Access.READ);
    }

    /** The kernel finds -1 where there is none. */
    public Launch readIfPresent(@Nullable Tensor tensor) {
        return tensor == null ? put(-1) : read(tensor);
    }

    public Launch update(Tensor tensor) {
        return argument(tensor, Access.UPDATE);
    }

    /** A tensor that holds bits. */
    public Launch readWords(Tensor tensor) {
        return argument(tensor, Access.READ, Heap.WORDS);
    }

    /** A tensor that holds bits. */
    public Launch updateWords(Tensor tensor) {
        return argument(tensor, Access.UPDATE, Heap.WORDS);
    }

    public Launch updateIfPresent(@Nullable Tensor tensor) {
        return tensor == null ? put(-1) : update(tensor);
    }

    /** The kernel writes all of {@code tensor}, which is as large as what it writes. */
    public Launch overwrite(Tensor tensor) {
        return argument(tensor, Access.OVERWRITE);
    }

    /** The float arguments. */
    public Launch floats(float... values) {
        floats = values;
        return this;
    }

    public DeviceKernel kernel() {
        return kernel;
    }

    public List<Argument> arguments() {
        return arguments;
    }

    /** Fills in an address. */
    public void resolve(int slot, int address) {
        ints[slot] = address;
    }

    public int numInts() {
        return numInts;
    }

    /** Work items along x. */
    public long globalX() {
        return groupsX * kernel.localX();
    }

    /** Work items along y. */
    public long globalY() {
        return groupsY * kernel.localY();
    }

    /** Copies the arguments to where the kernel reads them. */
    public void copyArguments(FloatArray toFloats, IntArray toInts) {
        MemorySegment.copy(ints, 0, toInts.getSegment(), ValueLayout.JAVA_INT, 0, numInts);
        MemorySegment.copy(floats, 0, toFloats.getSegment(), ValueLayout.JAVA_FLOAT, 0, floats.length);
    }

    private Launch argument(Tensor tensor, Access access) {
        return argument(tensor, access, Heap.FLOATS);
    }

    private Launch argument(Tensor tensor, Access access, Heap heap) {
        arguments.add(new Argument(numInts, tensor, access, heap));
        slot(0);
        return this;
    }

    private void slot(int value) {
        if (numInts == ints.length) {
            ints = Arrays.copyOf(ints, 2 * numInts);
        }
        ints[numInts++] = value;
    }
}
