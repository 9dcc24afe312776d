package dev.troupe.gpu.device;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task4;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task5;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * A kernel as the device compiles it, once, whatever it is called with. All kernels have the same arguments: where the
 * work item is; the heap of float32 numbers; for some the heap of words; a few float numbers; and integers: sizes,
 * addresses in the heaps, and for indexed kernels token ids, positions or block tables after them.
 *
 * <p>The body is a method reference to a static method, compiled with line and variable tables. What such a method may
 * not contain is listed in docs/adr/0003-gpu.md.
 *
 * @param name unique among all kernels
 * @param localX work items of a group along x; kernels with local memory rely on it
 * @param indexed whether calls pass more integers than fit in {@link #SMALL_INTS}
 * @param body of a kernel that knows numbers only, or null
 * @param wordBody of a kernel that also takes the heap of words, or null; one of the two is there
 */
public record DeviceKernel(
        String name,
        int localX,
        int localY,
        boolean indexed,
        @Nullable Task4<KernelContext, FloatArray, FloatArray, IntArray> body,
        @Nullable Task5<KernelContext, FloatArray, IntArray, FloatArray, IntArray> wordBody) {
    /** Integers that every kernel can take. */
    public static final int SMALL_INTS = 64;

    /** Float numbers that every kernel can take. */
    public static final int SMALL_FLOATS = 64;

    /** A kernel whose groups are one-dimensional. */
    public static DeviceKernel of(
            String name, int localX, Task4<KernelContext, FloatArray, FloatArray, IntArray> body) {
        return new DeviceKernel(name, localX, 1, false, body, null);
    }

    /** A kernel whose groups are two-dimensional. */
    public static DeviceKernel of(
            String name, int localX, int localY, Task4<KernelContext, FloatArray, FloatArray, IntArray> body) {
        return new DeviceKernel(name, localX, localY, false, body, null);
    }

    /** A one-dimensional kernel that also takes indices. */
    public static DeviceKernel indexed(
            String name, int localX, Task4<KernelContext, FloatArray, FloatArray, IntArray> body) {
        return new DeviceKernel(name, localX, 1, true, body, null);
    }

    /** A one-dimensional kernel that takes words. */
    public static DeviceKernel ofWords(
            String name, int localX, Task5<KernelContext, FloatArray, IntArray, FloatArray, IntArray> body) {
        return new DeviceKernel(name, localX, 1, false, null, body);
    }

    /** A one-dimensional kernel that takes words and indices. */
    public static DeviceKernel indexedWords(
            String name, int localX, Task5<KernelContext, FloatArray, IntArray, FloatArray, IntArray> body) {
        return new DeviceKernel(name, localX, 1, true, null, body);
    }

    /** Whether it takes the heap of words. */
    public boolean takesWords() {
        return wordBody != null;
    }

    /** Runs the body as Java, for a device that is emulated. */
    public void run(KernelContext context, FloatArray heap, IntArray words, FloatArray floats, IntArray ints) {
        if (wordBody != null) {
            wordBody.apply(context, heap, words, floats, ints);
        } else {
            Objects.requireNonNull(body).apply(context, heap, floats, ints);
        }
    }
}
