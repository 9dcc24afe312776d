package dev.troupe.model.kernel.attention;

import static dev.troupe.model.kernel.attention.KeySpans.SEGMENT;

import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.vector.ScratchPool;
import dev.troupe.model.tensor.Tensor;
import java.util.Arrays;

/**
 * One call of attention over cached keys: its rows are cut into chunks of consecutive positions of one sequence, which
 * go through {@link QueryRows} together. Neither the chunks nor the tasks change any bit.
 */
final class CachedCall {
    /** Rows that store their keys and values as one task. */
    private static final int KEEP_ROWS = 16;

    /** Numbers that are stored faster by one thread alone. */
    private static final int WORTH_SHARING = 1 << 13;

    private final KvBlocks blocks;
    private final AttentionShape shape;
    private final int rows;
    private final long qkv;
    private final int[] positions;
    private final int[][] tables;
    private final long out;
    private final int[] chunks; // first row of each, and the end of the last
    private final int numChunks;

    /** @param most positions of a chunk */
    CachedCall(KvBlocks blocks, int rows, Tensor qkv, int[] positions, int[][] tables, Tensor out, int most) {
        this.blocks = blocks;
        this.shape = blocks.shape();
        this.rows = rows;
        this.qkv = qkv.address();
        this.positions = positions;
        this.tables = tables;
        this.out = out.address();
        this.chunks = new int[rows + 1];
        int count = 0;
        for (int r = 0; r < rows; r++) {
            if (r == 0 || r - chunks[count - 1] == most || !isFollowed(r - 1)) {
                chunks[count++] = r;
            }
        }
        chunks[count] = rows;
        this.numChunks = count;
    }

    /** Whether the next row is the next position of the same sequence: all that it sees lies in the same blocks. */
    private boolean isFollowed(int row) {
        if (positions[row + 1] != positions[row] + 1) {
            return false;
        }
        int used = positions[row] / KvBlocks.BLOCK_TOKENS + 1;
        return Arrays.equals(tables[row], 0, used, tables[row + 1], 0, used);
    }

    /** Stores the keys and values of all rows. */
    void keep(ComputePool pool) {
        KvStore store = new KvStore(blocks);
        boolean shared = (long) rows * shape.kvWidth() >= WORTH_SHARING;
        int step = shared ? KEEP_ROWS : rows;
        pool.run(rows == 0 ? 0 : Math.ceilDiv(rows, step), task -> {
            for (int r = task * step; r < Math.min(rows, (task + 1) * step); r++) {
                store.keep(qkv + (long) r * shape.fusedWidth() * 4, positions[r], tables[r]);
            }
        });
    }

    void attend(ComputePool pool, ScratchPool scratch) {
        int heads = shape.numKvHeads();
        if (numChunks * heads < 2 * pool.threads() && pool.threads() > 1 && segments() > numChunks) {
            attendBySegments(pool, scratch);
            return;
        }
        pool.run(numChunks * heads, task -> {
            int chunk = task / heads;
            int head = task % heads;
            long panels = QueryRows.panelBytes(shape);
            try (ScratchPool.Scratch memory = scratch.borrow(panels + QueryRows.rowBytes(shape, count(chunk)))) {
                QueryRows queries = queries(chunk, head, memory.address(), memory.address() + panels);
                queries.attend(source(chunk, head));
                queries.finish(out + (long) chunks[chunk] * shape.queryWidth() * 4);
            }
        });
    }

    /** Every chunk's segments at the same time, then what they gave, merged in order. */
    private void attendBySegments(ComputePool pool, ScratchPool scratch) {
        int heads = shape.numKvHeads();
        int[] chunkOf = new int[segments()];
        int[] firstOf = new int[numChunks + 1]; // where the chunks' segments begin
        long[] at = new long[chunkOf.length + 1]; // bytes before the rows of a segment, which are of all heads
        for (int chunk = 0; chunk < numChunks; chunk++) {
            firstOf[chunk + 1] = firstOf[chunk] + numSegments(chunk);
            for (int s = firstOf[chunk]; s < firstOf[chunk + 1]; s++) {
                chunkOf[s] = chunk;
                at[s + 1] = at[s] + heads * QueryRows.rowBytes(shape, count(chunk));
            }
        }
        QueryRows[] parts = new QueryRows[chunkOf.length * heads];
        try (ScratchPool.Scratch memory = scratch.borrow(at[chunkOf.length])) {
            pool.run(parts.length, task -> {
                int segment = task / heads;
                int chunk = chunkOf[segment];
                int head = task % heads;
                long own = memory.address() + at[segment] + head * QueryRows.rowBytes(shape, count(chunk));
                try (ScratchPool.Scratch panels = scratch.borrow(QueryRows.panelBytes(shape))) {
                    parts[task] = queries(chunk, head, panels.address(), own);
                    parts[task].attendSegment(source(chunk, head), firstSegment(chunk) + segment - firstOf[chunk]);
                }
            });
            pool.run(numChunks * heads, task -> {
                int chunk = task / heads;
                int head = task % heads;
                QueryRows whole = parts[firstOf[chunk] * heads + head];
                for (int segment = firstOf[chunk] + 1; segment < firstOf[chunk + 1]; segment++) {
                    whole.merge(parts[segment * heads + head]);
                }
                whole.finish(out + (long) chunks[chunk] * shape.queryWidth() * 4);
            });
        }
    }

    private QueryRows queries(int chunk, int head, long panels, long own) {
        QueryRows queries = new QueryRows(shape, head, positions[chunks[chunk]], count(chunk), panels, own);
        queries.load(qkv + (long) chunks[chunk] * shape.fusedWidth() * 4);
        return queries;
    }

    private KeySpans.Source source(int chunk, int head) {
        return new CachedSpans(blocks, head, tables[chunks[chunk + 1] - 1]); // of the last row: it covers all
    }

    private int count(int chunk) {
        return chunks[chunk + 1] - chunks[chunk];
    }

    private int firstSegment(int chunk) {
        return shape.firstKey(positions[chunks[chunk]]) / SEGMENT;
    }

    private int numSegments(int chunk) {
        return positions[chunks[chunk + 1] - 1] / SEGMENT - firstSegment(chunk) + 1;
    }

    private int segments() {
        int count = 0;
        for (int chunk = 0; chunk < numChunks; chunk++) {
            count += numSegments(chunk);
        }
        return count;
    }
}
