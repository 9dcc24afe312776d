package dev.troupe.gpu.attention;

import static dev.troupe.gpu.attention.AttendKernels.BLOCK;
import static dev.troupe.gpu.attention.AttendKernels.FIRST_POSITION;
import static dev.troupe.gpu.attention.AttendKernels.LOWEST;

import dev.troupe.gpu.device.DeviceKernel;
import dev.troupe.gpu.quantized.StoredNumbers;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Attention over a cache in fewer bits: KvBlocks' layout in the heap of words. Arguments as in {@link AttendKernels},
 * where 8 is an address of words and 7 the type of {@link StoredNumbers}; floats as {@link StoredNumbers#fill} says.
 */
final class StoredAttendKernels {
    private static final int GROUP = AttendKernels.GROUP;
    private static final int MAX_HEAD_DIM = AttendKernels.MAX_HEAD_DIM;

    /** Groups: rows, heads. */
    static final DeviceKernel ATTEND =
            DeviceKernel.indexedWords("attendStored", GROUP, StoredAttendKernels::attendQuery);

    /** A work item stores a component of a key and of a value in 16 bits. */
    static final DeviceKernel STORE_HALVES =
            DeviceKernel.indexedWords("storeHalves", GROUP, StoredAttendKernels::storeHalves);

    /** A work item stores a group of components of a key or of a value in 8 bits. */
    static final DeviceKernel STORE_BYTES =
            DeviceKernel.indexedWords("storeBytes", GROUP, StoredAttendKernels::storeGroup);

    /** As {@link AttendKernels#COPY}, in words. */
    static final DeviceKernel COPY = DeviceKernel.ofWords("copyStoredBlock", GROUP, StoredAttendKernels::copyWord);

    private StoredAttendKernels() {}

    private static void copyWord(
            KernelContext context, FloatArray heap, IntArray words, FloatArray floats, IntArray ints) {
        int i = context.globalIdx;
        if (i < ints.get(3)) {
            words.set(ints.get(0) + ints.get(2) + i, words.get(ints.get(0) + ints.get(1) + i));
        }
    }

    private static void attendQuery(
            KernelContext context, FloatArray heap, IntArray words, FloatArray floats, IntArray ints) {
        int heads = ints.get(0);
        int kvHeads = ints.get(1);
        int dim = ints.get(2);
        int fused = ints.get(3);
        int type = ints.get(7);
        int rows = ints.get(9);
        int item = context.localIdx;
        int row = context.groupIdx;
        int head = context.groupIdy;
        int kvHead = head / (heads / kvHeads);
        int position = ints.get(FIRST_POSITION + row);
        int table = ints.get(FIRST_POSITION + rows + row);
        int first = AttendKernels.firstKey(position, ints.get(10));
        float slope = AttendKernels.slope(floats, ints.get(11), head);
        int sectionWords = StoredNumbers.sectionWords(type, dim);
        int numGroups = (dim + StoredNumbers.GROUP - 1) / StoredNumbers.GROUP;
        float[] query = context.allocateFloatLocalArray(MAX_HEAD_DIM);
        float[] scores = context.allocateFloatLocalArray(GROUP);
        float[] weights = context.allocateFloatLocalArray(GROUP);
        for (int d = item; d < dim; d += GROUP) {
            query[d] = heap.get(ints.get(4) + row * fused + head * dim + d);
        }
        context.localBarrier();
        float max = LOWEST;
        float sum = 0f;
        float out0 = 0f;
        float out1 = 0f;
        float out2 = 0f;
        float out3 = 0f;
        for (int from = first / GROUP * GROUP; from <= position; from += GROUP) {
            int j = from + item;
            float score = LOWEST;
            if (j >= first && j <= position) {
                int section = ints.get(8) + (ints.get(table + j / BLOCK) * kvHeads + kvHead) * 2 * sectionWords;
                int slot = j % BLOCK;
                float dot = 0f;
                for (int d = 0; d < dim; d++) {
                    int scale = d / StoredNumbers.GROUP * BLOCK + slot;
                    dot += query[d] * StoredNumbers.load(words, floats, type, dim, section, d * BLOCK + slot, scale);
                }
                score = dot * floats.get(0) - slope * (position - j);
            }
            scores[item] = score;
            context.localBarrier();
            float newMax = max;
            for (int i = 0; i < GROUP; i++) {
                newMax = TornadoMath.max(newMax, scores[i]);
            }
            float weight = 0f;
            if (j >= first && j <= position) {
                weight = TornadoMath.exp(score - newMax);
            }
            weights[item] = weight;
            context.localBarrier();
            float correction = TornadoMath.exp(max - newMax);
            max = newMax;
            sum = sum * correction;
            out0 = out0 * correction;
            out1 = out1 * correction;
            out2 = out2 * correction;
            out3 = out3 * correction;
            int count = position + 1 - from;
            if (count > GROUP) {
                count = GROUP;
            }
            int skipped = first - from;
            if (skipped < 0) {
                skipped = 0;
            }
            for (int i = skipped; i < count; i++) {
                int block = (ints.get(table + (from + i) / BLOCK) * kvHeads + kvHead) * 2 + 1;
                int section = ints.get(8) + block * sectionWords;
                int slot = (from + i) % BLOCK;
                int at = slot * dim + item;
                int scale = slot * numGroups + item / StoredNumbers.GROUP;
                float w = weights[i];
                sum += w;
                if (item < dim) {
                    out0 += w * StoredNumbers.load(words, floats, type, dim, section, at, scale);
                }
                if (item + GROUP < dim) {
                    out1 += w * StoredNumbers.load(words, floats, type, dim, section, at + GROUP, scale + 2);
                }
                if (item + 2 * GROUP < dim) {
                    out2 += w * StoredNumbers.load(words, floats, type, dim, section, at + 2 * GROUP, scale + 4);
                }
                if (item + 3 * GROUP < dim) {
                    out3 += w * StoredNumbers.load(words, floats, type, dim, section, at + 3 * GROUP, scale + 6);
                }
            }
            context.localBarrier();
        }
        int out = ints.get(5) + (row * heads + head) * dim;
        if (item < dim) {
            heap.set(out + item, out0 / sum);
        }
        if (item + GROUP < dim) {
            heap.set(out + item + GROUP, out1 / sum);
        }
        if (item + 2 * GROUP < dim) {
            heap.set(out + item + 2 * GROUP, out2 / sum);
        }
        if (item + 3 * GROUP < dim) {
            heap.set(out + item + 3 * GROUP, out3 / sum);
        }
    }

    /**
     * Several work items write parts of one word. Each adds the difference between its new part and its old one, which
     * nobody else changes, so none disturbs the others.
     */
    private static void storeHalves(
            KernelContext context, FloatArray heap, IntArray words, FloatArray floats, IntArray ints) {
        int kvHeads = ints.get(1);
        int dim = ints.get(2);
        int type = ints.get(7);
        int rows = ints.get(9);
        int width = kvHeads * dim;
        int component = context.globalIdx;
        int row = component / width;
        if (row < rows) {
            int within = component % width;
            int d = within % dim;
            int position = ints.get(FIRST_POSITION + row);
            int slot = position % BLOCK;
            int number = ints.get(ints.get(FIRST_POSITION + rows + row) + position / BLOCK);
            int sectionWords = StoredNumbers.sectionWords(type, dim);
            int section = ints.get(8) + (number * kvHeads + within / dim) * 2 * sectionWords;
            int from = ints.get(4) + row * ints.get(3) + ints.get(0) * dim + within;
            for (int side = 0; side < 2; side++) {
                float value = heap.get(from + side * width);
                int bits = StoredNumbers.brainBits(floats, value);
                int asHalf = StoredNumbers.halfBits(value);
                if (type == StoredNumbers.F16) {
                    bits = asHalf;
                }
                int element = d * BLOCK + slot;
                if (side == 1) {
                    element = slot * dim + d;
                }
                int at = section + side * sectionWords + element / 2;
                int shift = element % 2 * 16;
                int old = (words.get(at) >> shift) & 0xffff;
                context.atomicAdd(words, at, (bits - old) << shift);
            }
        }
    }

    private static void storeGroup(
            KernelContext context, FloatArray heap, IntArray words, FloatArray floats, IntArray ints) {
        int kvHeads = ints.get(1);
        int dim = ints.get(2);
        int rows = ints.get(9);
        int numGroups = (dim + StoredNumbers.GROUP - 1) / StoredNumbers.GROUP;
        int width = 2 * kvHeads * numGroups; // groups of a row: of keys, then of values
        int row = context.globalIdx / width;
        if (row < rows) {
            int within = context.globalIdx % width;
            int side = within / (kvHeads * numGroups);
            int kvHead = within / numGroups % kvHeads;
            int group = within % numGroups;
            int count = dim - group * StoredNumbers.GROUP;
            if (count > StoredNumbers.GROUP) {
                count = StoredNumbers.GROUP;
            }
            int position = ints.get(FIRST_POSITION + row);
            int slot = position % BLOCK;
            int number = ints.get(ints.get(FIRST_POSITION + rows + row) + position / BLOCK);
            int section = ints.get(8)
                    + ((number * kvHeads + kvHead) * 2 + side) * StoredNumbers.sectionWords(StoredNumbers.Q8_0, dim);
            int from = ints.get(4) + row * ints.get(3) + (ints.get(0) + side * kvHeads + kvHead) * dim;
            from = from + group * StoredNumbers.GROUP;
            float greatest = 0f;
            float zero = 0f; // or not a number, where one of the group is not finite: a device's max may drop it
            for (int i = 0; i < count; i++) {
                greatest = TornadoMath.max(greatest, TornadoMath.abs(heap.get(from + i)));
                zero += heap.get(from + i) * 0f;
            }
            int scaleBits = StoredNumbers.halfBits(greatest / 127f + zero);
            float scale = StoredNumbers.half(floats, scaleBits);
            int scaleAt = group * BLOCK + slot;
            int first = group * StoredNumbers.GROUP * BLOCK + slot;
            int step = BLOCK;
            if (side == 1) {
                scaleAt = slot * numGroups + group;
                first = slot * dim + group * StoredNumbers.GROUP;
                step = 1;
            }
            int scaleWord = section + dim * 4 + scaleAt / 2;
            int scaleShift = scaleAt % 2 * 16;
            int oldScale = (words.get(scaleWord) >> scaleShift) & 0xffff;
            context.atomicAdd(words, scaleWord, (scaleBits - oldScale) << scaleShift);
            for (int i = 0; i < count; i++) {
                float value = heap.get(from + i);
                int steps = 0;
                if (scale > 0f) {
                    steps = StoredNumbers.nearest(TornadoMath.abs(value) / scale);
                }
                if (steps > 127) {
                    steps = 127;
                }
                if (value < 0f) {
                    steps = -steps;
                }
                int element = first + i * step;
                int at = section + element / 4;
                int shift = element % 4 * 8;
                int old = (words.get(at) >> shift) & 255;
                context.atomicAdd(words, at, ((steps & 255) - old) << shift);
            }
        }
    }
}
