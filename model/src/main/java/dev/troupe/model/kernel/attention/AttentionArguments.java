package dev.troupe.model.kernel.attention;

import static dev.troupe.model.kernel.KernelArguments.requireIndices;
import static dev.troupe.model.kernel.KernelArguments.requireMatrix;
import static dev.troupe.model.kernel.KernelArguments.requireSize;

import dev.troupe.model.kernel.KernelArguments;
import dev.troupe.model.tensor.Tensor;

/** The checks that every provider makes. */
public final class AttentionArguments {
    private AttentionArguments() {}

    public static void checkForward(
            AttentionShape shape, int batch, int time, Tensor qkv, Tensor out, Tensor logSumExp) {
        KernelArguments.requireCount("batch", batch);
        KernelArguments.requireCount("time", time);
        int rows = Math.multiplyExact(batch, time);
        requireMatrix("qkv", qkv, rows, shape.fusedWidth(), shape.fusedWidth());
        requireMatrix("out", out, rows, shape.queryWidth(), shape.queryWidth());
        requireSize("logSumExp", logSumExp, (long) rows * shape.numHeads());
    }

    public static void checkBackward(
            AttentionShape shape,
            int batch,
            int time,
            Tensor qkv,
            Tensor out,
            Tensor logSumExp,
            Tensor dOut,
            Tensor dQkv) {
        checkForward(shape, batch, time, qkv, out, logSumExp);
        requireMatrix("dOut", dOut, batch * time, shape.queryWidth(), shape.queryWidth());
        requireMatrix("dQkv", dQkv, batch * time, shape.fusedWidth(), shape.fusedWidth());
    }

    public static void checkCached(
            KvBlocks blocks, int rows, Tensor qkv, int[] positions, int[][] blockTables, Tensor out) {
        AttentionShape shape = blocks.shape();
        requireMatrix("qkv", qkv, rows, shape.fusedWidth(), shape.fusedWidth());
        requireMatrix("out", out, rows, shape.queryWidth(), shape.queryWidth());
        requireSize("blocks", blocks.data(), blocks.data().size());
        requireIndices("positions", positions, rows, 0, Integer.MAX_VALUE);
        if (blockTables.length < rows) {
            throw new IllegalArgumentException(
                    "blockTables has " + blockTables.length + " entries for " + rows + " rows");
        }
        for (int r = 0; r < rows; r++) {
            int needed = positions[r] / KvBlocks.BLOCK_TOKENS + 1;
            requireIndices("a row of blockTables", blockTables[r], needed, 0, blocks.numBlocks());
        }
    }

    public static void checkCopy(KvBlocks blocks, int from, int to) {
        requireIndices("the blocks of a copy", new int[] {from, to}, 2, 0, blocks.numBlocks());
        if (from == to) {
            throw new IllegalArgumentException("block " + from + " is copied into itself");
        }
    }
}
