package dev.troupe.actors.serving.batch;

import dev.troupe.actors.serving.kv.SharedBlocks;
import dev.troupe.model.kernel.attention.KvBlocks;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Which sequences of a {@link SchedulingPolicy} stand in the same blocks, and whose first tokens are drawn from the
 * same logits (docs/adr/0006). As pure, and for the same thread.
 */
final class PrefixSharing {
    private final SchedulingOptions options;
    private final SharedBlocks pool;
    private final Map<Integer, Sequence> drawnNow = new HashMap<>(); // by last block, who computes all of its tokens

    PrefixSharing(SchedulingOptions options, SharedBlocks pool) {
        this.options = options;
        this.pool = pool;
    }

    /** A step is planned now. */
    void beginStep() {
        pool.beginStep();
        drawnNow.clear();
    }

    /** Whether a sequence needs another block for its pending token, of more room or of its own. */
    boolean needsBlock(Sequence sequence) {
        if (sequence.readsTail() && pool.canGoOnIn(sequence.blocks().last())) {
            sequence.takeTail();
        }
        return sequence.readsTail() || sequence.blocks().capacityTokens() < sequence.length();
    }

    /** Gives a sequence the block that it needs: behind the others, or as a copy of the last one, which it shares. */
    void grow(Sequence sequence, int[] block) {
        if (sequence.readsTail()) {
            int shared = sequence.blocks().last();
            sequence.copyTail(block[0]);
            pool.release(new int[] {shared});
        } else {
            sequence.setBlocks(sequence.blocks().plus(block));
        }
    }

    /** Whether this step computes the last token's logits for another sequence. */
    boolean isDrawnNow(Sequence sequence, SharedBlocks.Prefix prefix) {
        if (prefix.numTokens() < sequence.length() || sequence.maxTokens() == 0) {
            return false;
        }
        Sequence other = drawnNow.get(prefix.blocks().last());
        return other != null && other.length() == sequence.length();
    }

    /** What the cache holds of a sequence, which becomes an owner of its blocks. */
    SharedBlocks.Prefix take(Sequence sequence) {
        if (!options.prefixCache() || sequence.readsPrompt()) {
            return pool.takeFull(List.of());
        }
        List<Integer> rows = sequence.rows(options.promptsApart());
        SharedBlocks.Prefix prefix = pool.take(rows);
        boolean isWhole = prefix.numTokens() == rows.size();
        if (!isWhole || !pool.isFresh(prefix.blocks().last()) || isDrawnNow(sequence, prefix)) {
            return prefix;
        }
        // No step stores the keys and values of one place twice: the last token would have to be computed there again.
        pool.release(prefix.blocks().blocks());
        return pool.takeFull(rows.subList(0, rows.size() - 1));
    }

    /** The next tokens of a sequence; the blocks that they fill can be found from now on, and the end of its prompt. */
    ScheduledChunk chunk(Sequence sequence, int count) {
        publish(sequence, sequence.numComputed() + count);
        if (options.prefixCache() && sequence.numGenerated() == 0 && count == sequence.numPending()) {
            publishEnd(sequence);
        }
        Sequence drawn = count > 0
                ? sequence
                : Objects.requireNonNull(drawnNow.get(sequence.blocks().last()));
        return sequence.chunk(count, drawn.arrival());
    }

    /** The end of a prompt, all of which is computed when this step is over. */
    private void publishEnd(Sequence sequence) {
        int last = sequence.blocks().last();
        if (sequence.length() % KvBlocks.BLOCK_TOKENS != 0 && !sequence.readsTail()) {
            pool.publishTail(last, sequence.lastPublished(), sequence.rows(options.promptsApart()));
        }
        if (sequence.maxTokens() > 0) {
            drawnNow.putIfAbsent(last, sequence);
        }
    }

    /** Full blocks among the first {@code numTokens} tokens can be found from now on. */
    void publish(Sequence sequence, int numTokens) {
        while (options.prefixCache() && (sequence.numPublished() + 1) * KvBlocks.BLOCK_TOKENS <= numTokens) {
            int index = sequence.numPublished();
            int block = sequence.blocks().blocks()[index];
            sequence.published(
                    pool.publish(block, sequence.lastPublished(), sequence.rows(options.promptsApart()), index));
        }
    }
}
