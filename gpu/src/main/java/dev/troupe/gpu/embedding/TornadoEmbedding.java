package dev.troupe.gpu.embedding;

import static dev.troupe.model.kernel.KernelArguments.requireIndices;
import static dev.troupe.model.kernel.KernelArguments.requireMatrix;
import static dev.troupe.model.kernel.KernelArguments.requireSize;

import dev.troupe.gpu.device.DeviceKernel;
import dev.troupe.gpu.device.Launch;
import dev.troupe.gpu.memory.DeviceMemory;
import dev.troupe.model.kernel.embedding.Embedding;
import dev.troupe.model.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/** Embedding rows on the device. */
public final class TornadoEmbedding implements Embedding {
    private final DeviceMemory memory;

    public TornadoEmbedding(DeviceMemory memory) {
        this.memory = memory;
    }

    /** What this operation launches. */
    public static List<DeviceKernel> kernels() {
        return List.of(EmbeddingKernels.GATHER, EmbeddingKernels.SCATTER);
    }

    @Override
    public void gather(int rows, int dim, int[] indices, Tensor table, Tensor out, boolean accumulate) {
        requireMatrix("out", out, rows, dim, dim);
        requireSize("table", table, 0);
        requireIndices("indices", indices, rows, 0, dim == 0 ? Integer.MAX_VALUE : table.size() / dim);
        int count = Math.multiplyExact(rows, dim);
        memory.launch(new Launch(EmbeddingKernels.GATHER)
                .items(count)
                .put(count, dim)
                .read(table)
                .update(out)
                .put(accumulate)
                .indices(indices, rows));
    }

    /** Groups the rows by index here, so that on the device each element of the table has one writer. */
    @Override
    public void scatterAdd(int rows, int dim, int[] indices, Tensor dOut, Tensor dTable) {
        requireMatrix("dOut", dOut, rows, dim, dim);
        requireSize("dTable", dTable, 0);
        requireIndices("indices", indices, rows, 0, dim == 0 ? Integer.MAX_VALUE : dTable.size() / dim);
        long[] ordered = new long[rows]; // index, then row
        for (int r = 0; r < rows; r++) {
            ordered[r] = ((long) indices[r] << 32) | r;
        }
        Arrays.sort(ordered);
        int[] starts = new int[rows + 1];
        int[] different = new int[rows];
        int[] grouped = new int[rows];
        int count = 0;
        for (int i = 0; i < rows; i++) {
            int index = (int) (ordered[i] >> 32);
            if (i == 0 || index != different[count - 1]) {
                starts[count] = i;
                different[count] = index;
                count++;
            }
            grouped[i] = (int) ordered[i];
        }
        starts[count] = rows;
        memory.launch(new Launch(EmbeddingKernels.SCATTER)
                .groups(Math.ceilDiv(dim, EmbeddingKernels.SCATTER.localX()), count)
                .put(dim)
                .read(dOut)
                .update(dTable)
                .put(count)
                .indices(starts, count + 1)
                .indices(different, count)
                .indices(grouped, rows));
    }
}
