package dev.troupe.gpu.loss;

import dev.troupe.gpu.device.DeviceKernel;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** A row of logits for each group. */
final class CrossEntropyKernel {
    private static final int GROUP = 64;

    /**
     * 0 vocab, 1 logits, 2 losses, 3 whether to overwrite the logits with their gradient, from 4 on the targets;
     * floats: 0 scale.
     */
    static final DeviceKernel CROSS_ENTROPY =
            DeviceKernel.indexed("crossEntropy", GROUP, CrossEntropyKernel::crossEntropyRow);

    private CrossEntropyKernel() {}

    private static void crossEntropyRow(KernelContext context, FloatArray heap, FloatArray floats, IntArray ints) {
        int vocab = ints.get(0);
        int row = context.groupIdx;
        int item = context.localIdx;
        int logits = ints.get(1) + row * vocab;
        int target = ints.get(4 + row);
        float[] maxima = context.allocateFloatLocalArray(GROUP);
        float[] sums = context.allocateFloatLocalArray(GROUP);
        float[] chosen = context.allocateFloatLocalArray(1);
        float max = -3.4e38f;
        for (int i = item; i < vocab; i += GROUP) {
            max = TornadoMath.max(max, heap.get(logits + i));
        }
        maxima[item] = max;
        context.localBarrier();
        for (int i = 0; i < GROUP; i++) {
            max = TornadoMath.max(max, maxima[i]);
        }
        float mine = 0f;
        for (int i = item; i < vocab; i += GROUP) {
            mine += TornadoMath.exp(heap.get(logits + i) - max);
        }
        sums[item] = mine;
        if (item == 0) {
            // Before the barrier: after it, others overwrite the logits.
            chosen[0] = target < 0 ? max : heap.get(logits + target);
        }
        context.localBarrier();
        float sum = 0f;
        for (int i = 0; i < GROUP; i++) {
            sum += sums[i];
        }
        if (item == 0) {
            float loss = 0f;
            if (target >= 0) {
                loss = max - chosen[0] + TornadoMath.log(sum);
            }
            heap.set(ints.get(2) + row, loss);
        }
        if (ints.get(3) != 0) {
            for (int i = item; i < vocab; i += GROUP) {
                float gradient = 0f;
                if (target >= 0) {
                    gradient = TornadoMath.exp(heap.get(logits + i) - max) / sum;
                    if (i == target) {
                        gradient -= 1f;
                    }
                }
                heap.set(logits + i, floats.get(0) * gradient);
            }
        }
    }
}
