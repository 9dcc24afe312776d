package dev.troupe.gpu.embedding;

import dev.troupe.gpu.device.DeviceKernel;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Rows of a table. */
final class EmbeddingKernels {
    /** 0 count, 1 dim, 2 table, 3 out, 4 whether to add, from 5 on the indices. A work item has an element. */
    static final DeviceKernel GATHER = DeviceKernel.indexed("gatherRows", 256, EmbeddingKernels::gatherElement);

    /**
     * 0 dim, 1 dOut, 2 dTable, 3 number of different indices; from 4 on, for each of them where its rows begin, then
     * the end; then the indices; then all rows, grouped by index and in order. A work item has a column of one index.
     */
    static final DeviceKernel SCATTER = DeviceKernel.indexed("scatterRows", 64, EmbeddingKernels::scatterColumn);

    private EmbeddingKernels() {}

    private static void gatherElement(KernelContext context, FloatArray heap, FloatArray floats, IntArray ints) {
        int i = context.globalIdx;
        if (i < ints.get(0)) {
            int dim = ints.get(1);
            float value = heap.get(ints.get(2) + ints.get(5 + i / dim) * dim + i % dim);
            if (ints.get(4) != 0) {
                value = heap.get(ints.get(3) + i) + value;
            }
            heap.set(ints.get(3) + i, value);
        }
    }

    private static void scatterColumn(KernelContext context, FloatArray heap, FloatArray floats, IntArray ints) {
        int dim = ints.get(0);
        int column = context.globalIdx;
        int number = context.groupIdy;
        if (column < dim) {
            int different = ints.get(3);
            int rows = 4 + different + 1 + different;
            int at = ints.get(2) + ints.get(4 + different + 1 + number) * dim + column;
            int end = ints.get(4 + number + 1);
            float sum = heap.get(at);
            for (int r = ints.get(4 + number); r < end; r++) {
                sum += heap.get(ints.get(1) + ints.get(rows + r) * dim + column);
            }
            heap.set(at, sum);
        }
    }
}
