package dev.troupe.model.kernel.attention;

import static dev.troupe.model.kernel.attention.KeySpans.SPAN;

import dev.troupe.model.kernel.attention.BackwardRows.Part;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.vector.ScratchPool;
import dev.troupe.model.tensor.Tensor;

/**
 * Attention by tiles of queries and spans of keys, so that memory grows with T, not T² (FlashAttention,
 * arXiv:2205.14135). The whole and the cached form run the same code over keys and values from different places
 * ({@link QueryRows}); in which order a row's sums run is said in {@link KeySpans}.
 *
 * <p>Work is shared by sequence, key-value head and range of queries; where these are too few, a decoded row's segments
 * of keys are shared too and merged afterwards, and the backward pass makes gradients of queries and of keys apart,
 * computing the scores twice.
 */
public final class VectorAttention implements Attention {
    /** Most positions of a task, so that its rows stay in the outer cache. */
    private static final int MOST_ROWS = 512;

    /** Least rows of a task that packs its own keys. */
    private static final int LEAST_ROWS = 128;

    private static final int TASKS_PER_THREAD = 4; // the later of a sequence's queries see more keys than the earlier

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
        int heads = batch * shape.numKvHeads();
        int step = positionsAtOnce(shape, heads, time);
        int steps = Math.ceilDiv(time, step);
        pool.run(heads * steps, task -> {
            int b = task % heads / shape.numKvHeads();
            int g = task % shape.numKvHeads();
            int first = (steps - 1 - task / heads) * step; // the longest first
            int count = Math.min(step, time - first);
            long rows = (long) b * time;
            long sequence = qkv.address() + rows * shape.fusedWidth() * 4;
            long panels = QueryRows.panelBytes(shape);
            try (ScratchPool.Scratch memory = scratch.borrow(panels + QueryRows.rowBytes(shape, count))) {
                long own = memory.address() + panels;
                QueryRows queries = new QueryRows(shape, g, first, count, memory.address(), own);
                queries.load(sequence + (long) first * shape.fusedWidth() * 4);
                queries.attend(new FusedSpans(shape, g, sequence));
                queries.finish(out.address() + (rows + first) * shape.queryWidth() * 4);
                long head = (long) b * shape.numHeads() + (long) g * shape.group();
                queries.logSumExps(time, logSumExp.address() + head * time * 4);
            }
        });
    }

    private int positionsAtOnce(AttentionShape shape, int heads, int time) {
        int most = Math.max(1, MOST_ROWS / shape.group());
        int least = Math.max(1, LEAST_ROWS / shape.group());
        long wanted = Math.ceilDiv((long) TASKS_PER_THREAD * pool.threads(), Math.max(1, heads));
        return Math.clamp(Math.ceilDiv(time, wanted), least, most);
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
        int heads = batch * shape.numKvHeads();
        int step = heads >= pool.threads() ? time : positionsAtOnce(shape, heads, time) / SPAN * SPAN + SPAN;
        int steps = Math.ceilDiv(time, step);
        int parts = steps == 1 ? 1 : 2;
        pool.run(heads * steps * parts, task -> {
            int b = task % heads / shape.numKvHeads();
            int g = task % shape.numKvHeads();
            int number = task / heads;
            Part part = parts == 1 ? Part.ALL : number < steps ? Part.KEYS_AND_VALUES : Part.QUERIES;
            // The longest first: the first keys, and the last queries.
            int from = part == Part.QUERIES ? (2 * steps - 1 - number) * step : number * step;
            int to = Math.min(time, from + step);
            int firstQuery = from;
            int lastQuery = part == Part.KEYS_AND_VALUES ? shape.lastQuery(to - 1, time) : to - 1;
            int firstSpan = part == Part.QUERIES ? shape.firstKey(from) / SPAN : from / SPAN;
            int count = lastQuery + 1 - firstQuery;
            long rows = (long) b * time;
            long outRows = rows * shape.queryWidth() * 4;
            try (ScratchPool.Scratch memory = scratch.borrow(BackwardRows.scratchBytes(shape, count))) {
                new BackwardRows(shape, g, firstQuery, count, part, memory.address())
                        .run(
                                firstSpan,
                                Math.ceilDiv(to, SPAN),
                                time,
                                qkv.address() + rows * shape.fusedWidth() * 4,
                                out.address() + outRows,
                                logSumExp.address() + rows * shape.numHeads() * 4,
                                dOut.address() + outRows,
                                dQkv.address() + rows * shape.fusedWidth() * 4);
            }
        });
    }

    @Override
    public void cachedForward(KvBlocks blocks, int rows, Tensor qkv, int[] positions, int[][] blockTables, Tensor out) {
        AttentionArguments.checkCached(blocks, rows, qkv, positions, blockTables, out);
        AttentionShape shape = blocks.shape();
        int most = positionsAtOnce(shape, shape.numKvHeads(), Math.max(1, rows));
        CachedCall call = new CachedCall(blocks, rows, qkv, positions, blockTables, out, most);
        call.keep(pool);
        call.attend(pool, scratch);
    }
}
