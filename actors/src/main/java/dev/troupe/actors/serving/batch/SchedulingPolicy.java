package dev.troupe.actors.serving.batch;

import dev.troupe.actors.serving.GenerationEvent.FinishReason;
import dev.troupe.actors.serving.kv.BlockTable;
import dev.troupe.model.transformer.KvBlockPool;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Continuous batching with chunked prefill, first come first served (Orca, OSDI 2022; Sarathi-Serve, arXiv:2403.02310).
 *
 * <p>Every step fills a budget of tokens: one token of each decoding sequence, then pieces of the prompts of admitted
 * sequences in order of arrival, then sequences from the queue while there are places and blocks. Nobody overtakes: the
 * head of the queue is admitted or nobody is, so every running sequence arrived before every queued one.
 *
 * <p>When a decoding sequence needs a block and none is free, the running sequence that arrived last gives up its
 * blocks and goes back to the head of the queue; its tokens are kept and computed again later, with the same bits. The
 * oldest sequence is never preempted by another, so each one finishes.
 *
 * <p>Pure bookkeeping, not thread-safe. A batch may be under way while sequences are added or cancelled: blocks that
 * are freed meanwhile are handed out only by the next {@link #schedule}, which is after the batch.
 */
public final class SchedulingPolicy {
    private final SchedulingLimits limits;
    private final KvBlockPool pool;
    private final ArrayList<Sequence> running = new ArrayList<>(); // in order of arrival
    private final Deque<Sequence> queue = new ArrayDeque<>(); // in order of arrival
    private final Map<Long, Sequence> byArrival = new HashMap<>();
    private long numPreemptions;

    /**
     * A policy with nothing running or queued.
     *
     * @throws IllegalArgumentException when a full context does not fit in the cache or the budget is too small
     */
    public SchedulingPolicy(SchedulingLimits limits) {
        int contextBlocks = BlockTable.numBlocksFor(limits.contextLength());
        if (limits.numKvBlocks() < contextBlocks) {
            throw new IllegalArgumentException("a cache of " + limits.numKvBlocks()
                    + " blocks cannot hold one sequence of " + limits.contextLength() + " tokens, which takes "
                    + contextBlocks);
        }
        if (limits.maxRunning() < 1 || limits.maxQueued() < 1 || limits.maxBatchTokens() < limits.maxRunning()) {
            throw new IllegalArgumentException("limits contradict each other: " + limits);
        }
        this.limits = limits;
        this.pool = new KvBlockPool(limits.numKvBlocks());
    }

    /**
     * Puts a sequence at the end of the queue.
     *
     * @return false when the queue is full
     * @throws IllegalArgumentException when the prompt leaves no room for an answer
     */
    public boolean offer(Sequence sequence) {
        if (sequence.length() < 1 || sequence.length() >= limits.contextLength()) {
            throw new IllegalArgumentException(
                    "a prompt has 1 to " + (limits.contextLength() - 1) + " tokens, not " + sequence.length());
        }
        if (queue.size() >= limits.maxQueued()) {
            return false;
        }
        queue.addLast(sequence);
        byArrival.put(sequence.arrival(), sequence);
        return true;
    }

    /** Forgets a sequence, running or queued, and frees its blocks; one that is not here is ignored. */
    public void remove(Sequence sequence) {
        if (byArrival.remove(sequence.arrival()) != null) {
            running.remove(sequence);
            queue.remove(sequence);
            free(sequence);
        }
    }

    /** Decides the next step. Empty when there is nothing to do. */
    public ScheduledBatch schedule() {
        List<ScheduledChunk> chunks = new ArrayList<>();
        int budget = limits.maxBatchTokens() - scheduleDecodes(chunks);
        budget -= schedulePrefills(chunks, budget);
        admit(chunks, budget);
        return new ScheduledBatch(chunks);
    }

    /** One token each. May preempt sequences behind the current one, hence the loop by index. */
    private int scheduleDecodes(List<ScheduledChunk> chunks) {
        int used = 0;
        for (int i = 0; i < running.size(); i++) {
            Sequence sequence = running.get(i);
            if (sequence.numPending() == 1 && makeRoom(sequence)) {
                chunks.add(sequence.chunk(1));
                used++;
            }
        }
        return used;
    }

    /** Gives the sequence a block for its pending token; false when it had to give up its own instead. */
    private boolean makeRoom(Sequence sequence) {
        while (sequence.blocks().capacityTokens() < sequence.length()) {
            int[] block = pool.tryAllocate(1);
            if (block != null) {
                sequence.setBlocks(sequence.blocks().plus(block));
                continue;
            }
            Sequence victim = running.removeLast();
            free(victim);
            queue.addFirst(victim);
            numPreemptions++;
            if (victim == sequence) {
                return false;
            }
        }
        return true;
    }

    private int schedulePrefills(List<ScheduledChunk> chunks, int budget) {
        int used = 0;
        for (Sequence sequence : running) {
            if (sequence.numPending() > 1 && used < budget) {
                ScheduledChunk chunk = sequence.chunk(Math.min(budget - used, sequence.numPending()));
                used += chunk.tokens().size();
                chunks.add(chunk);
            }
        }
        return used;
    }

    private void admit(List<ScheduledChunk> chunks, int budget) {
        int left = budget;
        while (left > 0 && running.size() < limits.maxRunning() && !queue.isEmpty()) {
            Sequence sequence = queue.getFirst();
            int needed = BlockTable.numBlocksFor(sequence.length());
            // One block is left for each running sequence: one that is admitted only to be preempted is wasted work.
            int[] blocks = needed + running.size() <= pool.available() ? pool.tryAllocate(needed) : null;
            if (blocks == null) {
                return;
            }
            queue.removeFirst();
            sequence.setBlocks(BlockTable.EMPTY.plus(blocks));
            running.add(sequence);
            ScheduledChunk chunk = sequence.chunk(Math.min(left, sequence.numPending()));
            left -= chunk.tokens().size();
            chunks.add(chunk);
        }
    }

    /**
     * Records that a chunk of the latest batch was computed.
     *
     * @param token what was sampled, when the chunk asked for it
     */
    public Advance advance(ScheduledChunk chunk, OptionalInt token) {
        Sequence sequence = byArrival.get(chunk.arrival());
        if (sequence == null) {
            return Advance.NOTHING; // cancelled in the meantime
        }
        sequence.computed(chunk.tokens().size());
        if (token.isEmpty()) {
            return Advance.NOTHING;
        }
        if (sequence.isStop(token.getAsInt())) {
            remove(sequence);
            return new Advance(false, Optional.of(FinishReason.STOP));
        }
        sequence.append(token.getAsInt());
        if (sequence.numGenerated() >= sequence.maxTokens() || sequence.length() >= limits.contextLength()) {
            remove(sequence);
            return new Advance(true, Optional.of(FinishReason.LENGTH));
        }
        return new Advance(true, Optional.empty());
    }

    private void free(Sequence sequence) {
        pool.free(sequence.blocks().blocks());
        sequence.forgetCache();
    }

    /** Sequences that hold blocks. */
    public int numRunning() {
        return running.size();
    }

    /** Sequences that wait, preempted ones included. */
    public int numQueued() {
        return queue.size();
    }

    /** Whether nothing runs and nothing waits. */
    public boolean isIdle() {
        return byArrival.isEmpty();
    }

    /** Blocks in use. */
    public int numUsedBlocks() {
        return limits.numKvBlocks() - pool.available();
    }

    /** How often a sequence had to give up its blocks. */
    public long numPreemptions() {
        return numPreemptions;
    }
}
