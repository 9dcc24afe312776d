package dev.troupe.gpu.quantized;

import dev.troupe.gpu.device.DeviceKernel;
import dev.troupe.model.tensor.StorageType;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Single numbers of a weight in {@link WordLayout}, for products of many rows: those unpack weights first. */
final class WeightNumbers {
    static final int BF16 = 0;
    static final int F16 = 1;
    static final int Q8_0 = 2;
    static final int Q4_0 = 3;
    static final int Q4_K = 4;
    static final int Q6_K = 5;

    /**
     * Writes columns of Wᵀ [k, columns] as float32, an element for each work item. 0 weight, 1 n, 2 k, 3 type, 4 first
     * column, 5 columns, 6 where to; floats as {@link StoredNumbers#fill} says.
     */
    static final DeviceKernel UNPACK = DeviceKernel.ofWords("unpackWeight", 256, WeightNumbers::unpackElement);

    private WeightNumbers() {}

    static int number(StorageType type) {
        return switch (type) {
            case BF16 -> BF16;
            case F16 -> F16;
            case Q8_0 -> Q8_0;
            case Q4_0 -> Q4_0;
            case Q4_K -> Q4_K;
            case Q6_K -> Q6_K;
            case F32 -> throw new IllegalArgumentException("float32 numbers are not words");
        };
    }

    private static void unpackElement(
            KernelContext context, FloatArray heap, IntArray words, FloatArray floats, IntArray ints) {
        int i = context.globalIdx;
        int columns = ints.get(5);
        int p = i / columns;
        if (p < ints.get(2)) {
            int n = ints.get(1);
            int type = ints.get(3);
            int column = ints.get(0) + ints.get(4) + i % columns;
            float value = 0f;
            if (type <= F16) {
                value = plain(words, floats, type, n, column, p);
            } else if (type == Q8_0) {
                value = ofQ8(words, floats, n, column, p);
            } else if (type <= Q4_K) {
                value = ofQ4(words, floats, type, n, column, p);
            } else {
                value = ofQ6(words, floats, n, column, p);
            }
            heap.set(ints.get(6) + i, value);
        }
    }

    private static float plain(IntArray words, FloatArray floats, int type, int n, int column, int p) {
        int bits = (words.get(column + p / 2 * n) >> (p % 2 * 16)) & 0xffff;
        float value = 0f;
        if (type == F16) {
            value = StoredNumbers.half(floats, bits);
        } else {
            value = StoredNumbers.brain(floats, bits);
        }
        return value;
    }

    private static float ofQ8(IntArray words, FloatArray floats, int n, int column, int p) {
        int group = column + p / 64 * WordLayout.Q8_0_WORDS * n;
        int within = p % 64;
        float scale = StoredNumbers.half(floats, (words.get(group) >> (within / 32 * 16)) & 0xffff);
        int number = (words.get(group + (1 + within / 4) * n) << (24 - within % 4 * 8)) >> 24;
        return scale * number;
    }

    private static float ofQ4(IntArray words, FloatArray floats, int type, int n, int column, int p) {
        int group = column + p / 64 * WordLayout.Q4_0_WORDS * n;
        int within = p % 64;
        int firstNumber = 1;
        if (type == Q4_K) {
            group = column + p / 256 * WordLayout.Q4_K_WORDS * n;
            within = p % 256;
            firstNumber = WordLayout.Q4_K_NUMBERS;
        }
        int scales = words.get(group);
        float scale = 0f;
        float less = 0f;
        if (type == Q4_K) {
            int j = within / 32;
            int pair = words.get(group + (1 + j / 2) * n) >> (j % 2 * 16);
            scale = StoredNumbers.half(floats, scales & 0xffff) * (pair & 255);
            less = StoredNumbers.half(floats, (scales >> 16) & 0xffff) * ((pair >> 8) & 255);
        } else {
            scale = StoredNumbers.half(floats, (scales >> (within / 32 * 16)) & 0xffff);
            less = scale * 8f;
        }
        int number = (words.get(group + (firstNumber + within / 8) * n) >> (within % 8 * 4)) & 15;
        return scale * number - less;
    }

    private static float ofQ6(IntArray words, FloatArray floats, int n, int column, int p) {
        int group = column + p / 256 * WordLayout.Q6_K_WORDS * n;
        int within = p % 256;
        int j = within / 16;
        int stored = (words.get(group + (1 + j / 4) * n) << (24 - j % 4 * 8)) >> 24;
        float scale = StoredNumbers.half(floats, words.get(group) & 0xffff) * stored;
        int low = (words.get(group + (WordLayout.Q6_K_LOW + within / 8) * n) >> (within % 8 * 4)) & 15;
        int high = (words.get(group + (WordLayout.Q6_K_HIGH + j) * n) >> (within % 16 * 2)) & 3;
        return scale * (low + high * 16) - scale * 32f;
    }
}
