package dev.troupe.model.kernel.check;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.attention.AttentionShape;
import dev.troupe.model.kernel.attention.KvBlocks;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import java.util.stream.IntStream;

/** Whole sequences forward and backward, and sequences through a paged cache. */
final class AttentionContract implements OperationContract<Kernels> {
    private static final int[] HEAD_DIMS = {1, 8, 16, 17, 32, 64};
    private static final int[] TIMES = {0, 1, 15, 16, 17, 25, 65};
    private static final int[] KV_HEADS = {1, 2, 4};
    /** Smaller and greater than a cache block, a span of keys and the sequence, and next to them. */
    private static final int[] WINDOWS = {1, 2, 15, 17, 63, 64, 65, 100, 1000};

    private static final int MOST_GROUP = 8;
    private static final float[] NOT_FINITE = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY};
    private static final String[] SIDES = {"by key", "by value"};
    private static final int[] STORED_HEAD_DIMS = {1, 15, 16, 31, 32, 33, 64, 80, 128};

    @Override
    public String name() {
        return "attention";
    }

    /** Each way through a kernel in its smallest sizes: a process that has just started interprets them. */
    @Override
    public void brief(Comparison<Kernels> on) {
        on.where(KernelUse.TRAINING, () -> {
            whole(on, new AttentionShape(4, 2, 16), 2, 33);
            whole(on, new AttentionShape(2, 2, 5), 1, 7);
            whole(on, new AttentionShape(2, 1, 8, 20, true), 1, 70);
            wholeNotFinite(on, new AttentionShape(2, 1, 33), Float.NaN, 20);
        });
        on.where(KernelUse.INFERENCE, () -> cached(on, new AttentionShape(2, 1, 16), StorageType.F32, 17));
        for (StorageType type : KvBlocks.TYPES) {
            on.where(type == StorageType.F32 ? KernelUse.INFERENCE : KernelUse.ROUNDED_CACHE, () -> {
                cached(on, new AttentionShape(2, 1, 33, 10, true), type, 18);
                notFinite(on, new AttentionShape(2, 1, 17), type, Float.NaN, 17);
            });
        }
    }

    @Override
    public void full(Comparison<Kernels> on) {
        for (int headDim : HEAD_DIMS) {
            for (int time : TIMES) {
                for (int kvHeads : KV_HEADS) {
                    whole(on, new AttentionShape(4, kvHeads, headDim), 2, time);
                    cached(on, new AttentionShape(4, kvHeads, headDim), StorageType.F32, time);
                }
            }
        }
        whole(on, new AttentionShape(12, 12, 64), 1, 131);
        whole(on, new AttentionShape(4, 2, 128), 1, 131);
        whole(on, new AttentionShape(2, 1, 256), 1, 67);
        cached(on, new AttentionShape(9, 3, 64), StorageType.F32, 131);
        cached(on, new AttentionShape(2, 1, 256), StorageType.F32, 67);
        for (float value : NOT_FINITE) {
            wholeNotFinite(on, new AttentionShape(4, 2, 33), value, 20);
            wholeNotFinite(on, new AttentionShape(4, 2, 16, 30, false), value, 150);
        }
        windowsAndBiases(on);
        groupsAndLongSequences(on);
        storageTypes(on);
    }

    private static void windowsAndBiases(Comparison<Kernels> on) {
        for (int window : WINDOWS) {
            whole(on, new AttentionShape(2, 1, 16, window, false), 2, 150);
            whole(on, new AttentionShape(3, 3, 10, window, true), 1, 67);
            cached(on, new AttentionShape(2, 1, 16, window, window % 2 == 0), StorageType.F32, 150);
        }
        whole(on, new AttentionShape(6, 2, 32, 0, true), 1, 131);
    }

    private static void groupsAndLongSequences(Comparison<Kernels> on) {
        for (int group = 1; group <= MOST_GROUP; group++) {
            whole(on, new AttentionShape(group, 1, 20), 1, 100 + group);
            cached(on, new AttentionShape(2 * group, 2, 16), StorageType.F32, 61 + group);
        }
        whole(on, new AttentionShape(2, 1, 40), 1, 300);
        whole(on, new AttentionShape(1, 1, 8), 1, 1100);
        whole(on, new AttentionShape(1, 1, 8, 600, true), 1, 1100);
        cached(on, new AttentionShape(1, 1, 8), StorageType.F32, 1100);
    }

    private static void storageTypes(Comparison<Kernels> on) {
        for (StorageType type : KvBlocks.TYPES) {
            for (int headDim : STORED_HEAD_DIMS) {
                cached(on, new AttentionShape(4, 2, headDim), type, 40);
            }
            cached(on, new AttentionShape(3, 1, 64, 70, true), type, 130);
            for (float value : NOT_FINITE) {
                notFinite(on, new AttentionShape(4, 2, 33), type, value, 20);
                notFinite(on, new AttentionShape(2, 1, 80, 50, true), type, value, 90);
            }
        }
    }

    private static void whole(Comparison<Kernels> on, AttentionShape shape, int batch, int time) {
        on.compare("attention", shape + ", batch " + batch + ", time " + time, time, (kernels, in) -> {
            int rows = batch * time;
            Tensor qkv = in.normal(rows, shape.fusedWidth());
            Tensor out = in.result("out", rows, shape.queryWidth());
            Tensor lse = in.result("logSumExp", rows, shape.numHeads());
            kernels.attention().forward(shape, batch, time, qkv, out, lse);
            Tensor dOut = in.normal(rows, shape.queryWidth());
            Tensor dQkv = in.result("dQkv", rows, shape.fusedWidth());
            kernels.attention().backward(shape, batch, time, qkv, out, lse, dOut, dQkv);
        });
    }

    /**
     * Two sequences through one cache, blocks in mixed order, in two calls. Before the second one each goes on in a
     * copy of its last block.
     */
    private static void cached(Comparison<Kernels> on, AttentionShape shape, StorageType type, int time) {
        on.compare("cached attention", shape + ", " + type + ", time " + time, time, (kernels, in) -> {
            int blocksEach = time / KvBlocks.BLOCK_TOKENS + 1;
            KvBlocks blocks = new KvBlocks(shape, type, 2 * blocksEach + 2, in.arena());
            int[][] tables = new int[2][blocksEach];
            for (int i = 0; i < blocksEach; i++) {
                tables[0][i] = 2 * blocksEach - 1 - 2 * i;
                tables[1][i] = 2 * i;
            }
            int[] start = {0, 0};
            for (int rows : new int[] {time, 1}) {
                for (int i = 0; start[0] > 0 && i < 2; i++) {
                    int copy = 2 * blocksEach + i;
                    kernels.attention().copyBlock(blocks, tables[i][blocksEach - 1], copy);
                    tables[i][blocksEach - 1] = copy;
                }
                int[] positions = new int[2 * rows];
                int[][] blockTables = new int[2 * rows][];
                for (int r = 0; r < 2 * rows; r++) {
                    positions[r] = start[r % 2]++;
                    blockTables[r] = tables[r % 2];
                }
                Tensor qkv = in.normal(2 * rows, shape.fusedWidth());
                Tensor out = in.result("out of " + rows, 2 * rows, shape.queryWidth());
                kernels.attention().cachedForward(blocks, 2 * rows, qkv, positions, blockTables, out);
            }
        });
    }

    /** A key, then a value, that is not finite: what sees it is not finite either, and what does not see it is. */
    private static void wholeNotFinite(Comparison<Kernels> on, AttentionShape shape, float value, int time) {
        on.compare("attention of " + value, shape + ", time " + time, time, (kernels, in) -> {
            for (int side = 0; side < 2; side++) {
                Tensor qkv = in.normal(time, shape.fusedWidth());
                setOther(qkv, shape, time / 2, side, value);
                Tensor out = in.result(SIDES[side], time, shape.queryWidth());
                kernels.attention().forward(shape, 1, time, qkv, out, in.normal(time, shape.numHeads()));
                separate(out, in.result("lost " + SIDES[side], time, shape.queryWidth()));
            }
        });
    }

    private static void setOther(Tensor qkv, AttentionShape shape, long row, int side, float value) {
        qkv.set(row * shape.fusedWidth() + shape.queryWidth() + (long) side * shape.kvWidth() + 2, value);
    }

    /** Moves what is not finite to another tensor, as numbers. */
    private static void separate(Tensor out, Tensor lost) {
        float[] numbers = out.toArray();
        float[] kinds = new float[numbers.length];
        for (int i = 0; i < numbers.length; i++) {
            kinds[i] = Float.isNaN(numbers[i]) ? 1 : Float.isInfinite(numbers[i]) ? 3 : 0;
            numbers[i] = Float.isFinite(numbers[i]) ? numbers[i] : 0;
        }
        out.copyFrom(numbers);
        lost.copyFrom(kinds);
    }

    /** As {@link #wholeNotFinite}, through a cache. */
    private static void notFinite(
            Comparison<Kernels> on, AttentionShape shape, StorageType type, float value, int time) {
        on.compare("cached attention of " + value, shape + ", " + type + ", time " + time, time, (kernels, in) -> {
            int numBlocks = time / KvBlocks.BLOCK_TOKENS + 1;
            int[] table = IntStream.range(0, numBlocks).toArray();
            int[][] tables = IntStream.range(0, time).mapToObj(r -> table).toArray(int[][]::new);
            int[] positions = IntStream.range(0, time).toArray();
            for (int side = 0; side < 2; side++) {
                KvBlocks blocks = new KvBlocks(shape, type, numBlocks, in.arena());
                Tensor qkv = in.normal(time, shape.fusedWidth());
                setOther(qkv, shape, time / 2, side, value);
                Tensor out = in.result(SIDES[side], time, shape.queryWidth());
                kernels.attention().cachedForward(blocks, time, qkv, positions, tables, out);
                separate(out, in.result("lost " + SIDES[side], time, shape.queryWidth()));
            }
        });
    }
}
