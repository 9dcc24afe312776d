package dev.troupe.gpu.attention;

import dev.troupe.gpu.device.DeviceKernel;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * A query for each group: over whole sequences or over a cache, by the same instructions, so that both give the same
 * bits. Keys are taken in chunks that start at multiples of {@link #GROUP}; a work item has a key of the chunk, then up
 * to four components of the output.
 */
final class AttendKernels {
    /** Work items of a group, and keys of a chunk. */
    static final int GROUP = 64;

    /** Components of a head that a group can hold: four for each work item. */
    static final int MAX_HEAD_DIM = 4 * GROUP;

    static final int BLOCK = 16; // KvBlocks.BLOCK_TOKENS
    static final float LOWEST = -3.0e38f;
    static final int FIRST_POSITION = 12;

    /**
     * 0 heads, 1 kv heads, 2 head dim, 3 width of a fused row, 4 qkv, 5 out, 6 log-sum-exp or -1, 7 time, 8 cache
     * blocks or -1, 9 rows, 10 keys that a query sees, 11 greatest power of two among the heads; for a cache from
     * {@link #FIRST_POSITION} on the positions of the rows, then where in these integers each row's block table is,
     * then the tables. Floats: 0 scale, then as for {@link #slope}. Groups: rows, heads.
     */
    static final DeviceKernel ATTEND = DeviceKernel.indexed("attend", GROUP, AttendKernels::attendQuery);

    /** As for {@link #ATTEND}; a work item stores a component of a key and of a value. */
    static final DeviceKernel STORE = DeviceKernel.indexed("storeKeys", GROUP, AttendKernels::storeComponent);

    /** 0 cache blocks, then in elements behind them 1 from, 2 to, 3 count. */
    static final DeviceKernel COPY = DeviceKernel.of("copyBlock", GROUP, AttendKernels::copyElement);

    private AttendKernels() {}

    private static void copyElement(KernelContext context, FloatArray heap, FloatArray floats, IntArray ints) {
        int i = context.globalIdx;
        if (i < ints.get(3)) {
            heap.set(ints.get(0) + ints.get(2) + i, heap.get(ints.get(0) + ints.get(1) + i));
        }
    }

    private static void attendQuery(KernelContext context, FloatArray heap, FloatArray floats, IntArray ints) {
        int heads = ints.get(0);
        int kvHeads = ints.get(1);
        int dim = ints.get(2);
        int fused = ints.get(3);
        int qkv = ints.get(4);
        int time = ints.get(7);
        int blocks = ints.get(8);
        int rows = ints.get(9);
        int item = context.localIdx;
        int row = context.groupIdx;
        int head = context.groupIdy;
        int kvHead = head / (heads / kvHeads);
        int position = row % time;
        int table = 0;
        if (blocks >= 0) {
            position = ints.get(FIRST_POSITION + row);
            table = ints.get(FIRST_POSITION + rows + row);
        }
        int first = firstKey(position, ints.get(10));
        float slope = slope(floats, ints.get(11), head);
        int keys =
                qkv + (row - position) * fused + heads * dim + kvHead * dim; // of position 0, where there is no cache
        float[] query = context.allocateFloatLocalArray(MAX_HEAD_DIM);
        float[] scores = context.allocateFloatLocalArray(GROUP);
        float[] weights = context.allocateFloatLocalArray(GROUP);
        for (int d = item; d < dim; d += GROUP) {
            query[d] = heap.get(qkv + row * fused + head * dim + d);
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
                int key = keys + j * fused;
                int step = 1;
                if (blocks >= 0) {
                    key = blocks + (ints.get(table + j / BLOCK) * kvHeads + kvHead) * 2 * dim * BLOCK + j % BLOCK;
                    step = BLOCK;
                }
                float dot = 0f;
                for (int d = 0; d < dim; d++) {
                    dot += query[d] * heap.get(key + d * step);
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
                int at = keys + kvHeads * dim + (from + i) * fused;
                if (blocks >= 0) {
                    int block = (ints.get(table + (from + i) / BLOCK) * kvHeads + kvHead) * 2 + 1;
                    at = blocks + block * dim * BLOCK + (from + i) % BLOCK * dim;
                }
                float w = weights[i];
                sum += w;
                if (item < dim) {
                    out0 += w * heap.get(at + item);
                }
                if (item + GROUP < dim) {
                    out1 += w * heap.get(at + item + GROUP);
                }
                if (item + 2 * GROUP < dim) {
                    out2 += w * heap.get(at + item + 2 * GROUP);
                }
                if (item + 3 * GROUP < dim) {
                    out3 += w * heap.get(at + item + 3 * GROUP);
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
        if (ints.get(6) >= 0) {
            if (item == 0) {
                heap.set(ints.get(6) + (row / time * heads + head) * time + row % time, max + TornadoMath.log(sum));
            }
        }
    }

    private static void storeComponent(KernelContext context, FloatArray heap, FloatArray floats, IntArray ints) {
        int heads = ints.get(0);
        int kvHeads = ints.get(1);
        int dim = ints.get(2);
        int fused = ints.get(3);
        int rows = ints.get(9);
        int width = kvHeads * dim;
        int element = context.globalIdx;
        int row = element / width;
        if (row < rows) {
            int within = element % width;
            int kvHead = within / dim;
            int d = within % dim;
            int position = ints.get(FIRST_POSITION + row);
            int slot = position % BLOCK;
            int number = ints.get(ints.get(FIRST_POSITION + rows + row) + position / BLOCK);
            int block = ints.get(8) + (number * kvHeads + kvHead) * 2 * dim * BLOCK;
            int key = ints.get(4) + row * fused + heads * dim + within;
            heap.set(block + d * BLOCK + slot, heap.get(key));
            heap.set(block + dim * BLOCK + slot * dim + d, heap.get(key + width));
        }
    }

    /** The first position that a query sees. */
    static int firstKey(int position, int window) {
        int first = position - window + 1;
        if (first < 0) {
            first = 0;
        }
        return first;
    }

    /**
     * ALiBi's slope of a head (AttentionShape). Floats: 1 ln 2 · 4 / {@code power}, 2 one with ALiBi and zero without.
     */
    static float slope(FloatArray floats, int power, int head) {
        int halfSteps = 2 * (head + 1);
        if (head >= power) {
            halfSteps = 2 * (head - power) + 1;
        }
        return floats.get(2) * TornadoMath.exp(-(floats.get(1) * halfSteps));
    }
}
