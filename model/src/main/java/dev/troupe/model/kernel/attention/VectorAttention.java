package dev.troupe.model.kernel.attention;

import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.vector.ScratchPool;
import dev.troupe.model.tensor.Tensor;

/**
 * Attention by strips of queries, so that no more than a strip's scores exist at a time: memory grows with T, not T²
 * (the idea of FlashAttention, arXiv:2205.14135, without its online rescaling: a whole row of scores fits in cache).
 * The whole and the cached form make the same chains of multiply-adds through
 * {@link dev.troupe.model.kernel.vector.Tiles} and the same row sums through {@link SoftmaxRow}, hence the same bits.
 */
public final class VectorAttention implements Attention {
    private final ComputePool pool;
    private final ScratchPool scratch;

    public VectorAttention(ComputePool pool, ScratchPool scratch) {
        this.pool = pool;
        this.scratch = scratch;
    }

    @Override
    public void forward(AttentionShape shape, int batch, int time, Tensor qkv, Tensor out, Tensor logSumExp) {
        AttentionArguments.checkForward(shape, batch, time, qkv, out, logSumExp);
        if (time == 0) {
            return;
        }
        pool.run(batch * shape.numHeads(), task -> {
            int b = task / shape.numHeads();
            int h = task % shape.numHeads();
            try (ScratchPool.Scratch memory = scratch.borrow(ForwardHead.scratchBytes(shape, time))) {
                new ForwardHead(shape, time, b, h, qkv.address(), memory.address())
                        .run(out.address(), logSumExp.address() + (long) task * time * 4);
            }
        });
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
        if (time == 0) {
            return;
        }
        pool.run(batch * shape.numKvHeads(), task -> {
            int b = task / shape.numKvHeads();
            int g = task % shape.numKvHeads();
            try (ScratchPool.Scratch memory = scratch.borrow(BackwardGroup.scratchBytes(shape, time))) {
                new BackwardGroup(shape, time, b, g, qkv.address(), dOut.address(), dQkv.address(), memory.address())
                        .run(out.address(), logSumExp.address());
            }
        });
    }

    @Override
    public void cachedForward(KvBlocks blocks, int rows, Tensor qkv, int[] positions, int[][] blockTables, Tensor out) {
        AttentionArguments.checkCached(blocks, rows, qkv, positions, blockTables, out);
        AttentionShape shape = blocks.shape();
        int groups = shape.numKvHeads();
        pool.run(rows == 0 ? 0 : groups, g -> {
            for (int r = 0; r < rows; r++) {
                CachedRow.keep(
                        blocks, g, qkv.address() + (long) r * shape.fusedWidth() * 4, positions[r], blockTables[r]);
            }
        });
        pool.run(rows * groups, task -> {
            int r = task / groups;
            int g = task % groups;
            try (ScratchPool.Scratch memory = scratch.borrow(CachedRow.scratchBytes(shape, positions[r] + 1))) {
                CachedRow.attend(
                        blocks,
                        g,
                        qkv.address() + (long) r * shape.fusedWidth() * 4,
                        positions[r],
                        blockTables[r],
                        memory.address(),
                        out.address() + (long) r * shape.queryWidth() * 4);
            }
        });
    }
}
