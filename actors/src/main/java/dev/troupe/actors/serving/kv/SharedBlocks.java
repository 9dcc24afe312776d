package dev.troupe.actors.serving.kv;

import dev.troupe.model.kernel.attention.KvBlocks;
import dev.troupe.model.transformer.KvBlockPool;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The blocks of a key-value cache with their owners counted, found again by what they hold (arXiv:2309.06180, section
 * 4.4; vLLM's automatic prefix caching).
 *
 * <p>A full block can be published under its tokens and the number of the block before it. Numbers are never used
 * twice, so one look-up compares a block's tokens themselves and, through the number, those of all blocks before it:
 * two prefixes are never taken for each other, whatever their hashes.
 *
 * <p>A published block that nobody owns stays idle until {@link #tryAllocate} finds no free one; then the block that is
 * idle longest is evicted. Owners give blocks back last first, so a block goes before the one that it follows.
 *
 * <p>Not thread-safe: its scheduler owns it.
 */
public final class SharedBlocks {
    /** The number that the first block of a sequence follows. */
    public static final long START = 0;

    /** What a block holds: its rows, after those of block number {@code before}. */
    private record Key(long before, List<Integer> rows) {}

    private record Entry(Key key, long number, int block) {}

    /**
     * Blocks that were found.
     *
     * @param last number of the last of them
     */
    public record Prefix(BlockTable blocks, long last) {}

    /**
     * A block that others can find.
     *
     * @param block holds the rows: the publisher's, or one that held them already and is the publisher's now
     */
    public record Published(long number, int block) {}

    private final KvBlockPool pool;
    private final int[] owners; // of each block
    private final @Nullable Entry[] entries; // of each block, when it is published
    private final Map<Key, Entry> published = new HashMap<>();
    private final LinkedHashSet<Integer> idle = new LinkedHashSet<>(); // published, without owners; longest idle first
    private long lastNumber = START;
    private long numEvictions;

    public SharedBlocks(int numBlocks) {
        this.pool = new KvBlockPool(numBlocks);
        this.owners = new int[numBlocks];
        this.entries = new Entry[numBlocks];
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

    /** The longest published prefix of {@code rows}, whole blocks only; the caller becomes an owner of its blocks. */
    public Prefix take(List<Integer> rows) {
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
        return new Prefix(BlockTable.EMPTY.plus(Arrays.copyOf(found, numFound)), last);
    }

    /**
     * Lets others find an owned block, which holds what it shall hold, or will when the step that is being planned is
     * over. When another block holds the same already, the caller owns that one instead and not its own any more.
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
            return new Published(entry.number(), block);
        }
        if (same.block() != block) {
            own(same.block());
            release(new int[] {block});
        }
        return new Published(same.number(), same.block());
    }

    /** Published blocks turned out not to hold what they should: nobody finds them any more. */
    public void withdraw(Collection<Integer> blocks) {
        for (int block : blocks) {
            if (entries[block] != null) {
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
            if (entries[block] == null) {
                pool.free(new int[] {block});
            } else {
                idle.addLast(block);
            }
        }
    }

    private void own(int block) {
        if (owners[block]++ == 0) {
            idle.remove(block);
        }
    }

    private void forget(int block) {
        Entry entry = entries[block];
        if (entry != null) {
            published.remove(entry.key());
            entries[block] = null;
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
