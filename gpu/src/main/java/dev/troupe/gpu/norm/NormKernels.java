package dev.troupe.gpu.norm;

import dev.troupe.gpu.device.DeviceKernel;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Rows of [rows, dim] by a group each, and sums over rows by a work item for each column. */
final class NormKernels {
    private static final int GROUP = 64;

    /** 0 dim, 1 x, 2 weight, 3 y, 4 rstd; floats: 0 eps. A group has a row. */
    static final DeviceKernel RMS_FORWARD = DeviceKernel.of("rmsForward", GROUP, NormKernels::rmsForwardRow);

    /** 0 dim, 1 x, 2 weight, 3 rstd, 4 dy, 5 dx. A group has a row. */
    static final DeviceKernel RMS_BACKWARD = DeviceKernel.of("rmsBackward", GROUP, NormKernels::rmsBackwardRow);

    /** 0 dim, 1 x, 2 weight, 3 y, 4 rstd, 5 mean, 6 bias or -1; floats: 0 eps. A group has a row. */
    static final DeviceKernel LAYER_FORWARD = DeviceKernel.of("layerForward", GROUP, NormKernels::layerForwardRow);

    /** 0 dim, 1 x, 2 weight, 3 rstd, 4 dy, 5 dx, 6 mean. A group has a row. */
    static final DeviceKernel LAYER_BACKWARD = DeviceKernel.of("layerBackward", GROUP, NormKernels::layerBackwardRow);

    /** 0 rows, 1 dim, 2 x, 3 rstd, 4 dy, 5 dWeight, 6 mean or -1, 7 dBias or -1. A work item has a column. */
    static final DeviceKernel WEIGHT_BACKWARD = DeviceKernel.of("normWeights", GROUP, NormKernels::weightColumn);

    private NormKernels() {}

    private static void rmsForwardRow(KernelContext context, FloatArray heap, FloatArray floats, IntArray ints) {
        int dim = ints.get(0);
        int row = context.groupIdx;
        int item = context.localIdx;
        int x = ints.get(1) + row * dim;
        int y = ints.get(3) + row * dim;
        float[] partial = context.allocateFloatLocalArray(GROUP);
        float mine = 0f;
        for (int i = item; i < dim; i += GROUP) {
            float value = heap.get(x + i);
            mine += value * value;
        }
        partial[item] = mine;
        context.localBarrier();
        float squares = 0f;
        for (int i = 0; i < GROUP; i++) {
            squares += partial[i];
        }
        float scale = 1f / TornadoMath.sqrt(squares / dim + floats.get(0));
        if (item == 0) {
            heap.set(ints.get(4) + row, scale);
        }
        for (int i = item; i < dim; i += GROUP) {
            heap.set(y + i, heap.get(x + i) * scale * heap.get(ints.get(2) + i));
        }
    }

    private static void rmsBackwardRow(KernelContext context, FloatArray heap, FloatArray floats, IntArray ints) {
        int dim = ints.get(0);
        int row = context.groupIdx;
        int item = context.localIdx;
        int x = ints.get(1) + row * dim;
        int weight = ints.get(2);
        float scale = heap.get(ints.get(3) + row);
        int dy = ints.get(4) + row * dim;
        int dx = ints.get(5) + row * dim;
        float[] partial = context.allocateFloatLocalArray(GROUP);
        float mine = 0f;
        for (int i = item; i < dim; i += GROUP) {
            mine += heap.get(dy + i) * heap.get(weight + i) * (heap.get(x + i) * scale);
        }
        partial[item] = mine;
        context.localBarrier();
        float projection = 0f;
        for (int i = 0; i < GROUP; i++) {
            projection += partial[i];
        }
        float mean = projection / dim;
        for (int i = item; i < dim; i += GROUP) {
            float normalized = heap.get(x + i) * scale;
            float g = heap.get(dy + i) * heap.get(weight + i);
            heap.set(dx + i, heap.get(dx + i) + scale * (g - normalized * mean));
        }
    }

    private static void layerForwardRow(KernelContext context, FloatArray heap, FloatArray floats, IntArray ints) {
        int dim = ints.get(0);
        int row = context.groupIdx;
        int item = context.localIdx;
        int x = ints.get(1) + row * dim;
        int y = ints.get(3) + row * dim;
        float[] sums = context.allocateFloatLocalArray(GROUP);
        float[] squares = context.allocateFloatLocalArray(GROUP);
        float mine = 0f;
        for (int i = item; i < dim; i += GROUP) {
            mine += heap.get(x + i);
        }
        sums[item] = mine;
        context.localBarrier();
        float sum = 0f;
        for (int i = 0; i < GROUP; i++) {
            sum += sums[i];
        }
        float center = sum / dim;
        float mySquares = 0f;
        for (int i = item; i < dim; i += GROUP) {
            float deviation = heap.get(x + i) - center;
            mySquares += deviation * deviation;
        }
        squares[item] = mySquares;
        context.localBarrier();
        float variance = 0f;
        for (int i = 0; i < GROUP; i++) {
            variance += squares[i];
        }
        float scale = 1f / TornadoMath.sqrt(variance / dim + floats.get(0));
        if (item == 0) {
            heap.set(ints.get(4) + row, scale);
            heap.set(ints.get(5) + row, center);
        }
        int bias = ints.get(6);
        for (int i = item; i < dim; i += GROUP) {
            float value = (heap.get(x + i) - center) * scale * heap.get(ints.get(2) + i);
            if (bias >= 0) {
                value += heap.get(bias + i);
            }
            heap.set(y + i, value);
        }
    }

    private static void layerBackwardRow(KernelContext context, FloatArray heap, FloatArray floats, IntArray ints) {
        int dim = ints.get(0);
        int row = context.groupIdx;
        int item = context.localIdx;
        int x = ints.get(1) + row * dim;
        int weight = ints.get(2);
        float scale = heap.get(ints.get(3) + row);
        int dy = ints.get(4) + row * dim;
        int dx = ints.get(5) + row * dim;
        float center = heap.get(ints.get(6) + row);
        float[] sums = context.allocateFloatLocalArray(GROUP);
        float[] projections = context.allocateFloatLocalArray(GROUP);
        float mySum = 0f;
        float myProjection = 0f;
        for (int i = item; i < dim; i += GROUP) {
            float g = heap.get(dy + i) * heap.get(weight + i);
            mySum += g;
            myProjection += g * ((heap.get(x + i) - center) * scale);
        }
        sums[item] = mySum;
        projections[item] = myProjection;
        context.localBarrier();
        float sum = 0f;
        float projection = 0f;
        for (int i = 0; i < GROUP; i++) {
            sum += sums[i];
            projection += projections[i];
        }
        float meanG = sum / dim;
        float meanGn = projection / dim;
        for (int i = item; i < dim; i += GROUP) {
            float normalized = (heap.get(x + i) - center) * scale;
            float g = heap.get(dy + i) * heap.get(weight + i);
            heap.set(dx + i, heap.get(dx + i) + scale * (g - meanG - normalized * meanGn));
        }
    }

    private static void weightColumn(KernelContext context, FloatArray heap, FloatArray floats, IntArray ints) {
        int rows = ints.get(0);
        int dim = ints.get(1);
        int column = context.globalIdx;
        int mean = ints.get(6);
        int dBias = ints.get(7);
        if (column < dim) {
            int dWeight = ints.get(5) + column;
            float sum = heap.get(dWeight);
            float biasSum = 0f;
            if (dBias >= 0) {
                biasSum = heap.get(dBias + column);
            }
            for (int r = 0; r < rows; r++) {
                int at = r * dim + column;
                float center = 0f;
                if (mean >= 0) {
                    center = heap.get(mean + r);
                }
                float g = heap.get(ints.get(4) + at);
                sum += g * ((heap.get(ints.get(2) + at) - center) * heap.get(ints.get(3) + r));
                biasSum += g;
            }
            heap.set(dWeight, sum);
            if (dBias >= 0) {
                heap.set(dBias + column, biasSum);
            }
        }
    }
}
