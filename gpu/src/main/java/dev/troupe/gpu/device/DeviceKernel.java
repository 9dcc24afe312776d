package dev.troupe.gpu.device;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task4;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * A kernel as the device compiles it, once, whatever it is called with. Every kernel has the same four arguments: where
 * the work item is; the heap, which holds all tensors of the device; a few float numbers; and integers: sizes,
 * addresses in the heap, and for indexed kernels token ids, positions or block tables after them.
 *
 * <p>The body is a method reference to a static method, compiled with line and variable tables. What such a method may
 * not contain is listed in docs/adr/0003-gpu.md.
 *
 * @param name unique among all kernels
 * @param localX work items of a group along x; kernels with local memory rely on it
 * @param indexed whether calls pass more integers than fit in {@link #SMALL_INTS}
 */
public record DeviceKernel(
        String name,
        int localX,
        int localY,
        boolean indexed,
        Task4<KernelContext, FloatArray, FloatArray, IntArray> body) {
    /** Integers that every kernel can take. */
    public static final int SMALL_INTS = 64;

    /** A kernel whose groups are one-dimensional. */
    public static DeviceKernel of(
            String name, int localX, Task4<KernelContext, FloatArray, FloatArray, IntArray> body) {
        return new DeviceKernel(name, localX, 1, false, body);
    }

    /** A one-dimensional kernel that also takes indices. */
    public static DeviceKernel indexed(
            String name, int localX, Task4<KernelContext, FloatArray, FloatArray, IntArray> body) {
        return new DeviceKernel(name, localX, 1, true, body);
    }
}
