package dev.troupe.gpu.attention;

import dev.troupe.gpu.device.DeviceKernel;
import dev.troupe.gpu.device.Launch;
import dev.troupe.gpu.memory.DeviceMemory;
import dev.troupe.model.kernel.attention.Attention;
import dev.troupe.model.kernel.attention.AttentionArguments;
import dev.troupe.model.kernel.attention.AttentionShape;
import dev.troupe.model.kernel.attention.KvBlocks;
import dev.troupe.model.tensor.Tensor;
import java.util.IdentityHashMap;
import java.util.List;

/** Attention on the device. Heads have at most {@link AttendKernels#MAX_HEAD_DIM} components. */
public final class TornadoAttention implements Attention {
    private final DeviceMemory memory;

    public TornadoAttention(DeviceMemory memory) {
        this.memory = memory;
    }

    /** What this operation launches. */
    public static List<DeviceKernel> kernels() {
        return List.of(
                AttendKernels.ATTEND,
                AttendKernels.STORE,
                AttentionBackwardKernels.DELTA,
                AttentionBackwardKernels.QUERY,
                AttentionBackwardKernels.KEY);
    }

    @Override
    public void forward(AttentionShape shape, int batch, int time, Tensor qkv, Tensor out, Tensor logSumExp) {
        AttentionArguments.checkForward(shape, batch, time, qkv, out, logSumExp);
        int rows = batch * time;
        memory.launch(begin(AttendKernels.ATTEND, shape)
                .groups(rows, shape.numHeads())
                .read(qkv)
                .update(out)
                .update(logSumExp)
                .put(time, -1, rows));
    }

    @Override
    public void backward(
            AttentionShape shape,
            int batch,
            int time,
            Tensor qkv,
            Tensor out,
            Tensor logSumExp,
            Tensor dOut,
            Tensor dQkv) {
        AttentionArguments.checkBackward(shape, batch, time, qkv, out, logSumExp, dOut, dQkv);
        int rows = batch * time;
        long queries = (long) rows * shape.numHeads();
        try (DeviceMemory.Scratch delta = memory.scratch(queries)) {
            for (DeviceKernel kernel : List.of(
                    AttentionBackwardKernels.DELTA, AttentionBackwardKernels.QUERY, AttentionBackwardKernels.KEY)) {
                Launch launch = begin(kernel, shape)
                        .read(qkv)
                        .read(out)
                        .read(logSumExp)
                        .put(time)
                        .read(dOut)
                        .update(dQkv)
                        .put(delta.address(), rows);
                if (kernel.equals(AttentionBackwardKernels.DELTA)) {
                    launch.items(queries);
                } else {
                    boolean keys = kernel.equals(AttentionBackwardKernels.KEY);
                    launch.groups(rows, keys ? shape.numKvHeads() : shape.numHeads());
                }
                memory.launch(launch);
            }
        }
    }

    @Override
    public void cachedForward(KvBlocks blocks, int rows, Tensor qkv, int[] positions, int[][] blockTables, Tensor out) {
        AttentionArguments.checkCached(blocks, rows, qkv, positions, blockTables, out);
        AttentionShape shape = blocks.shape();
        memory.launch(cached(AttendKernels.STORE, blocks, rows, qkv, positions, blockTables, out)
                .items((long) rows * shape.kvWidth()));
        memory.launch(cached(AttendKernels.ATTEND, blocks, rows, qkv, positions, blockTables, out)
                .groups(rows, shape.numHeads()));
    }

    private static Launch cached(
            DeviceKernel kernel, KvBlocks blocks, int rows, Tensor qkv, int[] positions, int[][] tables, Tensor out) {
        Launch launch = begin(kernel, blocks.shape())
                .read(qkv)
                .update(out)
                .put(-1, 1)
                .update(blocks.data())
                .put(rows)
                .indices(positions, rows);
        // Rows of one sequence share a table, which is passed once.
        IdentityHashMap<int[], Integer> starts = new IdentityHashMap<>();
        int end = launch.numInts() + rows;
        for (int r = 0; r < rows; r++) {
            Integer known = starts.putIfAbsent(tables[r], end);
            launch.put(known == null ? end : known);
            end += known == null ? tables[r].length : 0;
        }
        for (int r = 0; r < rows; r++) {
            if (starts.remove(tables[r]) != null) {
                launch.indices(tables[r], tables[r].length);
            }
        }
        return launch;
    }

    private static Launch begin(DeviceKernel kernel, AttentionShape shape) {
        if (shape.headDim() > AttendKernels.MAX_HEAD_DIM) {
            throw new IllegalArgumentException("heads of " + shape.headDim() + " components; the device's kernels take "
                    + AttendKernels.MAX_HEAD_DIM + " at most");
        }
        return new Launch(kernel)
                .floats((float) (1 / Math.sqrt(shape.headDim())))
                .put(shape.numHeads(), shape.numKvHeads(), shape.headDim(), shape.fusedWidth());
    }
}
