package dev.troupe.gpu.device;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Moves elements to, from and within the heap. The numbers in comments are what the integers hold. */
public final class TransferKernels {
    private static final int GROUP = 256;

    /** 0 address, 1 count. */
    public static final DeviceKernel ZERO = DeviceKernel.of("zero", GROUP, TransferKernels::zeroRange);

    /** 0 from, 1 to, 2 count; the ranges do not overlap. */
    public static final DeviceKernel COPY = DeviceKernel.of("copy", GROUP, TransferKernels::copyRange);

    /** 0 to, 1 count: from the float arguments. */
    static final DeviceKernel LOAD = DeviceKernel.of("load", GROUP, TransferKernels::loadRange);

    /** 0 from, 1 count: to the float arguments. */
    static final DeviceKernel STORE = DeviceKernel.of("store", GROUP, TransferKernels::storeRange);

    /** 0 address, 1 count. */
    public static final DeviceKernel ZERO_WORDS =
            DeviceKernel.ofWords("zeroWords", GROUP, TransferKernels::zeroWordRange);

    /** 0 from, 1 to, 2 count; the ranges do not overlap. */
    public static final DeviceKernel COPY_WORDS =
            DeviceKernel.ofWords("copyWords", GROUP, TransferKernels::copyWordRange);

    /** 0 to, 1 count, from 2 on the words. */
    static final DeviceKernel LOAD_WORDS = DeviceKernel.ofWords("loadWords", GROUP, TransferKernels::loadWordRange);

    /** 0 from, 1 count: to the integers from 2 on. */
    static final DeviceKernel STORE_WORDS = DeviceKernel.ofWords("storeWords", GROUP, TransferKernels::storeWordRange);

    /** Where words are among the integers. */
    static final int FIRST_WORD = 2;

    private TransferKernels() {}

    private static void zeroRange(KernelContext context, FloatArray heap, FloatArray floats, IntArray ints) {
        int i = context.globalIdx;
        if (i < ints.get(1)) {
            heap.set(ints.get(0) + i, 0f);
        }
    }

    private static void copyRange(KernelContext context, FloatArray heap, FloatArray floats, IntArray ints) {
        int i = context.globalIdx;
        if (i < ints.get(2)) {
            heap.set(ints.get(1) + i, heap.get(ints.get(0) + i));
        }
    }

    private static void loadRange(KernelContext context, FloatArray heap, FloatArray floats, IntArray ints) {
        int i = context.globalIdx;
        if (i < ints.get(1)) {
            heap.set(ints.get(0) + i, floats.get(i));
        }
    }

    private static void storeRange(KernelContext context, FloatArray heap, FloatArray floats, IntArray ints) {
        int i = context.globalIdx;
        if (i < ints.get(1)) {
            floats.set(i, heap.get(ints.get(0) + i));
        }
    }

    private static void zeroWordRange(
            KernelContext context, FloatArray heap, IntArray words, FloatArray floats, IntArray ints) {
        int i = context.globalIdx;
        if (i < ints.get(1)) {
            words.set(ints.get(0) + i, 0);
        }
    }

    private static void copyWordRange(
            KernelContext context, FloatArray heap, IntArray words, FloatArray floats, IntArray ints) {
        int i = context.globalIdx;
        if (i < ints.get(2)) {
            words.set(ints.get(1) + i, words.get(ints.get(0) + i));
        }
    }

    private static void loadWordRange(
            KernelContext context, FloatArray heap, IntArray words, FloatArray floats, IntArray ints) {
        int i = context.globalIdx;
        if (i < ints.get(1)) {
            words.set(ints.get(0) + i, ints.get(2 + i));
        }
    }

    private static void storeWordRange(
            KernelContext context, FloatArray heap, IntArray words, FloatArray floats, IntArray ints) {
        int i = context.globalIdx;
        if (i < ints.get(1)) {
            ints.set(2 + i, words.get(ints.get(0) + i));
        }
    }
}
