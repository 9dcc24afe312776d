package dev.troupe.actors.serving.kv;

import dev.troupe.model.kernel.attention.KvBlocks;
import dev.troupe.model.transformer.KvBlockPool;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The blocks of a key-value cache with their owners counted, found again by what they hold (arXiv:2309.06180, section
 * 4.4; vLLM's automatic prefix caching).
 *
 * <p>A full block can be published under its tokens and the number of the block before it. Numbers are never used
 * twice, so one look-up compares a block's tokens themselves and, through the number, those of all blocks before it:
 * two prefixes are never taken for each other, whatever their hashes.
 *
 * <p>The last tokens of a prompt, which fill no block, can be published, too: as the first rows of the block that their
 * sequence goes on in. Who finds them reads that block, and before it writes to it takes a copy, unless it has it for
 * itself by then ({@link #canGoOnIn}): copy on write. The sequence that published them goes on behind them, which
 * changes nothing for its readers.
 *
 * <p>A published block that nobody owns stays idle until {@link #tryAllocate} finds no free one; then the block that is
 * idle longest is evicted. Owners give blocks back last first, so a block goes before the one that it follows.
 *
 * <p>Not thread-safe: its scheduler owns it.
 */
public final class SharedBlocks {
    /** The number that the first block of a sequence follows. */
    public static final long START = 0;

    /** What a block holds: its rows, or the first of them, after those of block number {@code before}. */
    private record Key(long before, List<Integer> rows) {}

    private record Entry(Key key, long number, int block) {}

    /**
     * Blocks that were found.
     *
     * @param last number of the last full one
     * @param numTokens that they hold of the sequence: when they end within a block, all of it
     */
    public record Prefix(BlockTable blocks, long last, int numTokens) {
        /** Whether the last block is full of the sequence's tokens. */
        public boolean endsWithBlock() {
            return numTokens == blocks.capacityTokens();
        }
    }

    /**
     * A block that others can find.
     *
     * @param block the publisher's, or one that held the rows already and is the publisher's now
     */
    public record Published(long number, int block) {}

    private final KvBlockPool pool;
    private final int[] owners; // of each block
    private final @Nullable Entry[] entries; // of each block, when it is published
    private final @Nullable Entry[] tails; // of each block whose first rows are published
    private final Map<Key, Entry> published = new HashMap<>();
    private final LinkedHashSet<Integer> idle = new LinkedHashSet<>(); // published, without owners; longest idle first
    private final Set<Integer> fresh = new HashSet<>(); // published since the latest step began to be planned
    private long lastNumber = START;
    private long numEvictions;

    public SharedBlocks(int numBlocks) {
        this.pool = new KvBlockPool(numBlocks);
        this.owners = new int[numBlocks];
        this.entries = new Entry[numBlocks];
        this.tails = new Entry[numBlocks];
    }

    /** A step is planned now: what was published before is in its place. */
    public void beginStep() {
        fresh.clear();
    }

    /** Whether the step that is planned now is the one that stores what is published of a block. */
    public boolean isFresh(int block) {
        return fresh.contains(block);
    }

    /** {@code count} blocks for one owner, or null and nothing taken when fewer are {@link #available}. */
    public int @Nullable [] tryAllocate(int count) {
        if (count > available()) {
            return null;
        }
        while (pool.available() < count) {
            evictOne();
        }
        int[] blocks = pool.tryAllocate(count);
        if (blocks != null) {
            for (int block : blocks) {
                owners[block] = 1;
            }
        }
        return blocks;
    }

    private void evictOne() {
        int block = idle.removeFirst();
        forget(block);
        pool.free(new int[] {block});
        numEvictions++;
    }

    /**
     * The longest published prefix of {@code rows}: full blocks, and what is behind them if that, too, was published as
     * it is. The caller becomes an owner of its blocks.
     */
    public Prefix take(List<Integer> rows) {
        Prefix full = takeFull(rows);
        List<Integer> rest = rows.subList(full.numTokens(), rows.size());
        Entry tail = rest.isEmpty() || rest.size() >= KvBlocks.BLOCK_TOKENS
                ? null
                : published.get(new Key(full.last(), rest));
        if (tail == null) {
            return full;
        }
        own(tail.block());
        return new Prefix(full.blocks().plus(new int[] {tail.block()}), full.last(), rows.size());
    }

    /** The longest published prefix of {@code rows} in full blocks; the caller becomes an owner of them. */
    public Prefix takeFull(List<Integer> rows) {
        long last = START;
        int numFound = 0;
        int[] found = new int[rows.size() / KvBlocks.BLOCK_TOKENS];
        while (numFound < found.length) {
            Entry entry = published.get(new Key(last, block(rows, numFound)));
            if (entry == null) {
                break;
            }
            found[numFound++] = entry.block();
            own(entry.block());
            last = entry.number();
        }
        BlockTable blocks = BlockTable.EMPTY.plus(Arrays.copyOf(found, numFound));
        return new Prefix(blocks, last, blocks.capacityTokens());
    }

    /**
     * Lets others find an owned block, which holds what it shall hold, or will when the step that is being planned is
     * over. When another block holds the same already, the caller owns that one instead and not its own any more. One
     * that is to hold it after this step does not help: two would store the same places in one step.
     *
     * @param before number of the block before it
     * @param rows of the whole sequence, of which the block holds number {@code index}
     */
    public Published publish(int block, long before, List<Integer> rows, int index) {
        Key key = new Key(before, List.copyOf(block(rows, index)));
        Entry same = published.get(key);
        if (same == null) {
            Entry entry = new Entry(key, ++lastNumber, block);
            published.put(key, entry);
            entries[block] = entry;
            fresh.add(block);
            return new Published(entry.number(), block);
        }
        if (isFresh(same.block())) {
            return new Published(same.number(), block);
        }
        if (same.block() != block) {
            own(same.block());
            release(new int[] {block});
        }
        return new Published(same.number(), same.block());
    }

    /**
     * Lets others find the last rows of a prompt, which an owned block holds as its first ones, or will when the step
     * that is being planned is over. No effect when another block holds them already.
     *
     * @param before number of the block before it
     * @param rows of the whole prompt
     */
    public void publishTail(int block, long before, List<Integer> rows) {
        int numFull = rows.size() / KvBlocks.BLOCK_TOKENS * KvBlocks.BLOCK_TOKENS;
        Key key = new Key(before, List.copyOf(rows.subList(numFull, rows.size())));
        if (tails[block] == null && !published.containsKey(key)) {
            Entry entry = new Entry(key, ++lastNumber, block);
            published.put(key, entry);
            tails[block] = entry;
            fresh.add(block);
        }
    }

    /** Whether an owner that did not fill a block may write behind the rows that it reads in it. */
    public boolean canGoOnIn(int block) {
        return owners[block] == 1 && entries[block] == null;
    }

    /** The latest step failed: nobody finds what was published since it began to be planned. */
    public void withdrawFresh() {
        for (int block : fresh) {
            if (isPublished(block)) {
                forget(block);
                if (idle.remove(block)) {
                    pool.free(new int[] {block});
                }
            }
        }
    }

    /**
     * An owner gives up its blocks, in the order of its table.
     *
     * @throws IllegalStateException when a block has no owner
     */
    public void release(int[] blocks) {
        for (int i = blocks.length - 1; i >= 0; i--) {
            int block = blocks[i];
            if (owners[block] == 0) {
                throw new IllegalStateException("KV block " + block + " is released, but nobody owns it");
            }
            if (--owners[block] > 0) {
                continue;
            }
            if (isPublished(block)) {
                idle.addLast(block);
            } else {
                pool.free(new int[] {block});
            }
        }
    }

    private void own(int block) {
        if (owners[block]++ == 0) {
            idle.remove(block);
        }
    }

    private boolean isPublished(int block) {
        return entries[block] != null || tails[block] != null;
    }

    private void forget(int block) {
        forget(entries, block);
        forget(tails, block);
    }

    private void forget(@Nullable Entry[] of, int block) {
        Entry entry = of[block];
        if (entry != null) {
            published.remove(entry.key());
            of[block] = null;
        }
    }

    private static List<Integer> block(List<Integer> rows, int index) {
        int from = index * KvBlocks.BLOCK_TOKENS;
        return rows.subList(from, from + KvBlocks.BLOCK_TOKENS);
    }

    /** Blocks without owners: free ones, and idle ones, which can be evicted. */
    public int available() {
        return pool.available() + idle.size();
    }

    /** Blocks that are kept only because someone may ask for what they hold. */
    public int numIdle() {
        return idle.size();
    }

    /** Owners of a block. */
    public int numOwners(int block) {
        return owners[block];
    }

    /** How often a published block had to make room. */
    public long numEvictions() {
        return numEvictions;
    }
}
