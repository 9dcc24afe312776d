package dev.troupe.gpu.quantized;

import dev.troupe.gpu.device.DeviceKernel;
import dev.troupe.model.tensor.StorageType;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * C[m, n] = A[m, k] · Wᵀ + addend + bias for few rows and a W in {@link WordLayout}: a work item has one output of four
 * rows and reads its weights once, as bits. Integers: 0 m, 1 n, 2 k, 3 A, 4 lda, 5 W, 6 C, 7 ldc, 8 addend or -1, 9
 * bias or -1, 10 type. Floats as {@link StoredNumbers#fill} says.
 *
 * <p>An element is summed as float32 products are (GemmKernels): over k in order, in one sum that starts at zero.
 */
final class FewRowsKernels {
    /** Rows that a work item computes. */
    static final int ROWS = 4;

    private static final int GROUP = 64;

    static final DeviceKernel HALVES = DeviceKernel.ofWords("weightHalves", GROUP, FewRowsKernels::halves);
    static final DeviceKernel BYTES = DeviceKernel.ofWords("weightBytes", GROUP, FewRowsKernels::bytes);
    static final DeviceKernel NIBBLES = DeviceKernel.ofWords("weightNibbles", GROUP, FewRowsKernels::nibbles);
    static final DeviceKernel SIX_BITS = DeviceKernel.ofWords("weightSixBits", GROUP, FewRowsKernels::sixBits);

    private FewRowsKernels() {}

    static DeviceKernel of(StorageType type) {
        return switch (type) {
            case BF16, F16 -> HALVES;
            case Q8_0 -> BYTES;
            case Q4_0, Q4_K -> NIBBLES;
            case Q6_K -> SIX_BITS;
            case F32 -> throw new IllegalArgumentException("float32 numbers are not words");
        };
    }

    /** BF16 and F16. */
    private static void halves(
            KernelContext context, FloatArray heap, IntArray words, FloatArray floats, IntArray ints) {
        int m = ints.get(0);
        int n = ints.get(1);
        int k = ints.get(2);
        int column = context.globalIdx;
        int first = context.groupIdy * ROWS;
        int a0 = rowOfA(ints, first, m);
        int a1 = rowOfA(ints, first + 1, m);
        int a2 = rowOfA(ints, first + 2, m);
        int a3 = rowOfA(ints, first + 3, m);
        if (column < n) {
            int weight = ints.get(5) + column;
            float c0 = 0f;
            float c1 = 0f;
            float c2 = 0f;
            float c3 = 0f;
            int type = ints.get(10);
            for (int p = 0; p < k; p++) {
                int bits = (words.get(weight + p / 2 * n) >> (p % 2 * 16)) & 0xffff;
                float value = StoredNumbers.brain(floats, bits);
                float asHalf = StoredNumbers.half(floats, bits);
                if (type == WeightNumbers.F16) {
                    value = asHalf;
                }
                c0 += heap.get(a0 + p) * value;
                c1 += heap.get(a1 + p) * value;
                c2 += heap.get(a2 + p) * value;
                c3 += heap.get(a3 + p) * value;
            }
            finish(heap, ints, first, column, c0);
            finish(heap, ints, first + 1, column, c1);
            finish(heap, ints, first + 2, column, c2);
            finish(heap, ints, first + 3, column, c3);
        }
    }

    /** Q8_0. */
    private static void bytes(
            KernelContext context, FloatArray heap, IntArray words, FloatArray floats, IntArray ints) {
        int m = ints.get(0);
        int n = ints.get(1);
        int k = ints.get(2);
        int column = context.globalIdx;
        int first = context.groupIdy * ROWS;
        int a0 = rowOfA(ints, first, m);
        int a1 = rowOfA(ints, first + 1, m);
        int a2 = rowOfA(ints, first + 2, m);
        int a3 = rowOfA(ints, first + 3, m);
        if (column < n) {
            int weight = ints.get(5) + column;
            float c0 = 0f;
            float c1 = 0f;
            float c2 = 0f;
            float c3 = 0f;
            for (int from = 0; from < k; from += 32) {
                int group = weight + from / 64 * WordLayout.Q8_0_WORDS * n;
                float scale = StoredNumbers.half(floats, (words.get(group) >> (from % 64 / 32 * 16)) & 0xffff);
                int numbers = group + (1 + from % 64 / 4) * n;
                for (int w = 0; w < 8; w++) {
                    int four = words.get(numbers + w * n);
                    for (int i = 0; i < 4; i++) {
                        float value = scale * ((four << (24 - i * 8)) >> 24);
                        int p = from + w * 4 + i;
                        c0 += heap.get(a0 + p) * value;
                        c1 += heap.get(a1 + p) * value;
                        c2 += heap.get(a2 + p) * value;
                        c3 += heap.get(a3 + p) * value;
                    }
                }
            }
            finish(heap, ints, first, column, c0);
            finish(heap, ints, first + 1, column, c1);
            finish(heap, ints, first + 2, column, c2);
            finish(heap, ints, first + 3, column, c3);
        }
    }

    /** Q4_0 and Q4_K. */
    private static void nibbles(
            KernelContext context, FloatArray heap, IntArray words, FloatArray floats, IntArray ints) {
        int m = ints.get(0);
        int n = ints.get(1);
        int k = ints.get(2);
        int column = context.globalIdx;
        int first = context.groupIdy * ROWS;
        int a0 = rowOfA(ints, first, m);
        int a1 = rowOfA(ints, first + 1, m);
        int a2 = rowOfA(ints, first + 2, m);
        int a3 = rowOfA(ints, first + 3, m);
        if (column < n) {
            int weight = ints.get(5) + column;
            float c0 = 0f;
            float c1 = 0f;
            float c2 = 0f;
            float c3 = 0f;
            int type = ints.get(10);
            for (int from = 0; from < k; from += 32) {
                int group = weight + from / 64 * WordLayout.Q4_0_WORDS * n;
                int scales = words.get(group);
                float scale = StoredNumbers.half(floats, (scales >> (from % 64 / 32 * 16)) & 0xffff);
                float less = scale * 8f;
                int numbers = group + (1 + from % 64 / 8) * n;
                if (type == WeightNumbers.Q4_K) {
                    group = weight + from / 256 * WordLayout.Q4_K_WORDS * n;
                    scales = words.get(group);
                    int j = from % 256 / 32;
                    int pair = words.get(group + (1 + j / 2) * n) >> (j % 2 * 16);
                    scale = StoredNumbers.half(floats, scales & 0xffff) * (pair & 255);
                    less = StoredNumbers.half(floats, (scales >> 16) & 0xffff) * ((pair >> 8) & 255);
                    numbers = group + (WordLayout.Q4_K_NUMBERS + j * 4) * n;
                }
                for (int w = 0; w < 4; w++) {
                    int eight = words.get(numbers + w * n);
                    for (int i = 0; i < 8; i++) {
                        float value = scale * ((eight >> (i * 4)) & 15) - less;
                        int p = from + w * 8 + i;
                        c0 += heap.get(a0 + p) * value;
                        c1 += heap.get(a1 + p) * value;
                        c2 += heap.get(a2 + p) * value;
                        c3 += heap.get(a3 + p) * value;
                    }
                }
            }
            finish(heap, ints, first, column, c0);
            finish(heap, ints, first + 1, column, c1);
            finish(heap, ints, first + 2, column, c2);
            finish(heap, ints, first + 3, column, c3);
        }
    }

    /** Q6_K. */
    private static void sixBits(
            KernelContext context, FloatArray heap, IntArray words, FloatArray floats, IntArray ints) {
        int m = ints.get(0);
        int n = ints.get(1);
        int k = ints.get(2);
        int column = context.globalIdx;
        int first = context.groupIdy * ROWS;
        int a0 = rowOfA(ints, first, m);
        int a1 = rowOfA(ints, first + 1, m);
        int a2 = rowOfA(ints, first + 2, m);
        int a3 = rowOfA(ints, first + 3, m);
        if (column < n) {
            int weight = ints.get(5) + column;
            float c0 = 0f;
            float c1 = 0f;
            float c2 = 0f;
            float c3 = 0f;
            for (int from = 0; from < k; from += 16) {
                int group = weight + from / 256 * WordLayout.Q6_K_WORDS * n;
                int j = from % 256 / 16;
                int stored = (words.get(group + (1 + j / 4) * n) << (24 - j % 4 * 8)) >> 24;
                float scale = StoredNumbers.half(floats, words.get(group) & 0xffff) * stored;
                float less = scale * 32f;
                int sixteen = words.get(group + (WordLayout.Q6_K_HIGH + j) * n);
                for (int w = 0; w < 2; w++) {
                    int eight = words.get(group + (WordLayout.Q6_K_LOW + j * 2 + w) * n);
                    for (int i = 0; i < 8; i++) {
                        int low = (eight >> (i * 4)) & 15;
                        int high = (sixteen >> ((w * 8 + i) * 2)) & 3;
                        float value = scale * (low + high * 16) - less;
                        int p = from + w * 8 + i;
                        c0 += heap.get(a0 + p) * value;
                        c1 += heap.get(a1 + p) * value;
                        c2 += heap.get(a2 + p) * value;
                        c3 += heap.get(a3 + p) * value;
                    }
                }
            }
            finish(heap, ints, first, column, c0);
            finish(heap, ints, first + 1, column, c1);
            finish(heap, ints, first + 2, column, c2);
            finish(heap, ints, first + 3, column, c3);
        }
    }

    /** Rows beyond the last repeat it; what they compute is not written. */
    private static int rowOfA(IntArray ints, int row, int m) {
        int real = row;
        if (row >= m) {
            real = m - 1;
        }
        return ints.get(3) + real * ints.get(4);
    }

    private static void finish(FloatArray heap, IntArray ints, int row, int column, float sum) {
        if (row < ints.get(0)) {
            int at = row * ints.get(7) + column;
            float value = sum;
            if (ints.get(8) >= 0) {
                value += heap.get(ints.get(8) + at);
            }
            if (ints.get(9) >= 0) {
                value += heap.get(ints.get(9) + column);
            }
            heap.set(ints.get(6) + at, value);
        }
    }
}
