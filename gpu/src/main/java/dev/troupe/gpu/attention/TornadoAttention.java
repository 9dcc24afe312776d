package dev.troupe.gpu.attention;

import dev.troupe.gpu.device.DeviceKernel;
import dev.troupe.gpu.device.Launch;
import dev.troupe.gpu.memory.DeviceMemory;
import dev.troupe.gpu.quantized.StoredNumbers;
import dev.troupe.model.kernel.attention.Attention;
import dev.troupe.model.kernel.attention.AttentionArguments;
import dev.troupe.model.kernel.attention.AttentionShape;
import dev.troupe.model.kernel.attention.KvBlocks;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.stream.Stream;

/** Attention on the device. Heads have at most {@link AttendKernels#MAX_HEAD_DIM} components. */
public final class TornadoAttention implements Attention {
    private static final int ALL_KEYS = 1 << 30;

    private final DeviceMemory memory;

    public TornadoAttention(DeviceMemory memory) {
        this.memory = memory;
    }

    /** What this operation launches. */
    public static List<DeviceKernel> kernels() {
        return List.of(
                AttendKernels.ATTEND,
                AttendKernels.STORE,
                AttendKernels.COPY,
                StoredAttendKernels.ATTEND,
                StoredAttendKernels.STORE_HALVES,
                StoredAttendKernels.STORE_BYTES,
                StoredAttendKernels.COPY,
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
                .put(time, -1, rows)
                .put(visible(shape), power(shape)));
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
                        .put(delta.address(), rows)
                        .put(visible(shape), power(shape));
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

    /** Each layer has memory of its own, which goes to the device as a whole. */
    @Override
    public List<KvBlocks> cache(int layers, AttentionShape shape, StorageType type, int numBlocks, TensorArena arena) {
        return Stream.generate(() -> new KvBlocks(shape, type, numBlocks, arena))
                .limit(layers)
                .toList();
    }

    @Override
    public void cachedForward(KvBlocks blocks, int rows, Tensor qkv, int[] positions, int[][] blockTables, Tensor out) {
        AttentionArguments.checkCached(blocks, rows, qkv, positions, blockTables, out);
        requireOwnMemory(blocks);
        AttentionShape shape = blocks.shape();
        StorageType type = blocks.type();
        boolean numbers = type == StorageType.F32;
        DeviceKernel attend = numbers ? AttendKernels.ATTEND : StoredAttendKernels.ATTEND;
        DeviceKernel store = numbers
                ? AttendKernels.STORE
                : type == StorageType.Q8_0 ? StoredAttendKernels.STORE_BYTES : StoredAttendKernels.STORE_HALVES;
        long items = type == StorageType.Q8_0
                ? 2L * shape.numKvHeads() * Math.ceilDiv(shape.headDim(), KvBlocks.GROUP)
                : shape.kvWidth();
        memory.launch(
                cached(store, blocks, rows, qkv, positions, blockTables, out).items(rows * items));
        memory.launch(
                cached(attend, blocks, rows, qkv, positions, blockTables, out).groups(rows, shape.numHeads()));
    }

    @Override
    public void copyBlock(KvBlocks blocks, int from, int to) {
        AttentionArguments.checkCopy(blocks, from, to);
        requireOwnMemory(blocks);
        AttentionShape shape = blocks.shape();
        long bytes = KvBlocks.blockBytes(shape.numKvHeads(), shape.headDim(), blocks.type());
        int count = Math.toIntExact(bytes / Float.BYTES);
        boolean numbers = blocks.type() == StorageType.F32;
        Launch launch = new Launch(numbers ? AttendKernels.COPY : StoredAttendKernels.COPY).items(count);
        memory.launch((numbers ? launch.update(blocks.data()) : launch.updateWords(blocks.data()))
                .put(Math.multiplyExact(from, count), Math.multiplyExact(to, count), count));
    }

    private static void requireOwnMemory(KvBlocks blocks) {
        if (blocks.sharesMemory()) {
            throw new IllegalArgumentException("on a device each layer's blocks have memory of their own");
        }
    }

    private static Launch cached(
            DeviceKernel kernel, KvBlocks blocks, int rows, Tensor qkv, int[] positions, int[][] tables, Tensor out) {
        AttentionShape shape = blocks.shape();
        Launch launch = begin(kernel, shape).read(qkv).update(out).put(-1);
        if (kernel.takesWords()) {
            launch.put(typeNumber(blocks.type())).updateWords(blocks.data());
        } else {
            launch.put(1).update(blocks.data());
        }
        launch.put(rows).put(visible(shape), power(shape)).indices(positions, rows);
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
        float[] floats = new float[DeviceKernel.SMALL_FLOATS];
        floats[0] = (float) (1 / Math.sqrt(shape.headDim()));
        floats[1] = (float) (4 * Math.log(2) / power(shape));
        floats[2] = shape.alibi() ? 1 : 0;
        if (kernel.takesWords()) {
            StoredNumbers.fill(floats);
        }
        return new Launch(kernel)
                .floats(floats)
                .put(shape.numHeads(), shape.numKvHeads(), shape.headDim(), shape.fusedWidth());
    }

    /** Keys that a query sees, its own included. */
    private static int visible(AttentionShape shape) {
        return shape.window() == 0 ? ALL_KEYS : Math.min(shape.window(), ALL_KEYS);
    }

    private static int power(AttentionShape shape) {
        return Integer.highestOneBit(shape.numHeads());
    }

    private static int typeNumber(StorageType type) {
        return switch (type) {
            case BF16 -> StoredNumbers.BF16;
            case F16 -> StoredNumbers.F16;
            case Q8_0 -> StoredNumbers.Q8_0;
            case F32, Q4_0, Q4_K, Q6_K -> throw new IllegalStateException("no cache of words is of " + type);
        };
    }
}
