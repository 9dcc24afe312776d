package dev.troupe.gpu.attention;

import dev.troupe.gpu.device.DeviceKernel;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The backward pass in three: δ of every query, the gradient of a query by a group, the gradients of a key and its
 * value by a group. With P the probabilities and δ = dOut·out: dV = Pᵀ·dOut, dS = P·(dOut·Vᵀ - δ)/√D, dQ = dS·K, dK =
 * dSᵀ·Q.
 *
 * <p>Integers of all three: 0 heads, 1 kv heads, 2 head dim, 3 width of a fused row, 4 qkv, 5 out, 6 log-sum-exp, 7
 * time, 8 dOut, 9 dQkv, 10 δ [rows, heads], 11 rows, 12 keys that a query sees, 13 greatest power of two among the
 * heads. Floats: 0 scale, then as for {@link AttendKernels#slope}.
 */
final class AttentionBackwardKernels {
    private static final int GROUP = AttendKernels.GROUP;
    private static final int MAX_HEAD_DIM = AttendKernels.MAX_HEAD_DIM;

    /** A work item has a row and a head. */
    static final DeviceKernel DELTA = DeviceKernel.of("attentionDelta", GROUP, AttentionBackwardKernels::deltaOfQuery);

    /** Groups: rows, heads. */
    static final DeviceKernel QUERY =
            DeviceKernel.of("attentionQuery", GROUP, AttentionBackwardKernels::gradientOfQuery);

    /** Groups: rows, kv heads. */
    static final DeviceKernel KEY = DeviceKernel.of("attentionKey", GROUP, AttentionBackwardKernels::gradientOfKey);

    private AttentionBackwardKernels() {}

    private static void deltaOfQuery(KernelContext context, FloatArray heap, FloatArray floats, IntArray ints) {
        int query = context.globalIdx;
        int dim = ints.get(2);
        if (query < ints.get(11) * ints.get(0)) {
            float delta = 0f;
            for (int d = 0; d < dim; d++) {
                delta += heap.get(ints.get(8) + query * dim + d) * heap.get(ints.get(5) + query * dim + d);
            }
            heap.set(ints.get(10) + query, delta);
        }
    }

    private static void gradientOfQuery(KernelContext context, FloatArray heap, FloatArray floats, IntArray ints) {
        int heads = ints.get(0);
        int kvHeads = ints.get(1);
        int dim = ints.get(2);
        int fused = ints.get(3);
        int time = ints.get(7);
        float scale = floats.get(0);
        int item = context.localIdx;
        int row = context.groupIdx;
        int head = context.groupIdy;
        int position = row % time;
        int keys = ints.get(4) + (row - position) * fused + heads * dim + head / (heads / kvHeads) * dim;
        float[] query = context.allocateFloatLocalArray(MAX_HEAD_DIM);
        float[] gradient = context.allocateFloatLocalArray(MAX_HEAD_DIM);
        float[] scores = context.allocateFloatLocalArray(GROUP);
        for (int d = item; d < dim; d += GROUP) {
            query[d] = heap.get(ints.get(4) + row * fused + head * dim + d);
            gradient[d] = heap.get(ints.get(8) + (row * heads + head) * dim + d);
        }
        context.localBarrier();
        float lse = heap.get(ints.get(6) + (row / time * heads + head) * time + position);
        float delta = heap.get(ints.get(10) + row * heads + head);
        float d0 = 0f;
        float d1 = 0f;
        float d2 = 0f;
        float d3 = 0f;
        int first = AttendKernels.firstKey(position, ints.get(12));
        float slope = AttendKernels.slope(floats, ints.get(13), head);
        for (int from = first / GROUP * GROUP; from <= position; from += GROUP) {
            int j = from + item;
            float score = 0f;
            if (j >= first && j <= position) {
                int key = keys + j * fused;
                float dot = 0f;
                float dp = 0f;
                for (int d = 0; d < dim; d++) {
                    dot += query[d] * heap.get(key + d);
                    dp += gradient[d] * heap.get(key + kvHeads * dim + d);
                }
                score = TornadoMath.exp(dot * scale - slope * (position - j) - lse) * (dp - delta) * scale;
            }
            scores[item] = score;
            context.localBarrier();
            int count = position + 1 - from;
            if (count > GROUP) {
                count = GROUP;
            }
            for (int i = 0; i < count; i++) {
                int key = keys + (from + i) * fused + item;
                float s = scores[i];
                if (item < dim) {
                    d0 += s * heap.get(key);
                }
                if (item + GROUP < dim) {
                    d1 += s * heap.get(key + GROUP);
                }
                if (item + 2 * GROUP < dim) {
                    d2 += s * heap.get(key + 2 * GROUP);
                }
                if (item + 3 * GROUP < dim) {
                    d3 += s * heap.get(key + 3 * GROUP);
                }
            }
            context.localBarrier();
        }
        int to = ints.get(9) + row * fused + head * dim + item;
        if (item < dim) {
            heap.set(to, d0);
        }
        if (item + GROUP < dim) {
            heap.set(to + GROUP, d1);
        }
        if (item + 2 * GROUP < dim) {
            heap.set(to + 2 * GROUP, d2);
        }
        if (item + 3 * GROUP < dim) {
            heap.set(to + 3 * GROUP, d3);
        }
    }

    private static void gradientOfKey(KernelContext context, FloatArray heap, FloatArray floats, IntArray ints) {
        int heads = ints.get(0);
        int kvHeads = ints.get(1);
        int dim = ints.get(2);
        int fused = ints.get(3);
        int time = ints.get(7);
        float scale = floats.get(0);
        int item = context.localIdx;
        int row = context.groupIdx;
        int kvHead = context.groupIdy;
        int position = row % time;
        int first = row - position; // row of position 0
        int keyAt = row * fused + heads * dim + kvHead * dim;
        float[] key = context.allocateFloatLocalArray(MAX_HEAD_DIM);
        float[] value = context.allocateFloatLocalArray(MAX_HEAD_DIM);
        float[] scores = context.allocateFloatLocalArray(GROUP);
        float[] weights = context.allocateFloatLocalArray(GROUP);
        for (int d = item; d < dim; d += GROUP) {
            key[d] = heap.get(ints.get(4) + keyAt + d);
            value[d] = heap.get(ints.get(4) + keyAt + kvHeads * dim + d);
        }
        context.localBarrier();
        float k0 = 0f;
        float k1 = 0f;
        float k2 = 0f;
        float k3 = 0f;
        float v0 = 0f;
        float v1 = 0f;
        float v2 = 0f;
        float v3 = 0f;
        int group = heads / kvHeads;
        int queries = position + ints.get(12);
        if (queries > time) {
            queries = time;
        }
        for (int head = kvHead * group; head < (kvHead + 1) * group; head++) {
            float slope = AttendKernels.slope(floats, ints.get(13), head);
            for (int from = position; from < queries; from += GROUP) {
                int t = from + item;
                float score = 0f;
                float weight = 0f;
                if (t < queries) {
                    int query = ints.get(4) + (first + t) * fused + head * dim;
                    int out = ints.get(8) + ((first + t) * heads + head) * dim;
                    float dot = 0f;
                    float dp = 0f;
                    for (int d = 0; d < dim; d++) {
                        dot += heap.get(query + d) * key[d];
                        dp += heap.get(out + d) * value[d];
                    }
                    float lse = heap.get(ints.get(6) + (row / time * heads + head) * time + t);
                    weight = TornadoMath.exp(dot * scale - slope * (t - position) - lse);
                    score = weight * (dp - heap.get(ints.get(10) + (first + t) * heads + head)) * scale;
                }
                scores[item] = score;
                weights[item] = weight;
                context.localBarrier();
                int count = queries - from;
                if (count > GROUP) {
                    count = GROUP;
                }
                for (int i = 0; i < count; i++) {
                    int query = ints.get(4) + (first + from + i) * fused + head * dim + item;
                    int out = ints.get(8) + ((first + from + i) * heads + head) * dim + item;
                    float s = scores[i];
                    float w = weights[i];
                    if (item < dim) {
                        k0 += s * heap.get(query);
                        v0 += w * heap.get(out);
                    }
                    if (item + GROUP < dim) {
                        k1 += s * heap.get(query + GROUP);
                        v1 += w * heap.get(out + GROUP);
                    }
                    if (item + 2 * GROUP < dim) {
                        k2 += s * heap.get(query + 2 * GROUP);
                        v2 += w * heap.get(out + 2 * GROUP);
                    }
                    if (item + 3 * GROUP < dim) {
                        k3 += s * heap.get(query + 3 * GROUP);
                        v3 += w * heap.get(out + 3 * GROUP);
                    }
                }
                context.localBarrier();
            }
        }
        int to = ints.get(9) + keyAt + item;
        int toValue = to + kvHeads * dim;
        if (item < dim) {
            heap.set(to, k0);
            heap.set(toValue, v0);
        }
        if (item + GROUP < dim) {
            heap.set(to + GROUP, k1);
            heap.set(toValue + GROUP, v1);
        }
        if (item + 2 * GROUP < dim) {
            heap.set(to + 2 * GROUP, k2);
            heap.set(toValue + 2 * GROUP, v2);
        }
        if (item + 3 * GROUP < dim) {
            heap.set(to + 3 * GROUP, k3);
            heap.set(toValue + 3 * GROUP, v3);
        }
    }
}
