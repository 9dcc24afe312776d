package dev.troupe.actors.serving.batch;

import dev.troupe.actors.serving.GenerationEvent.FinishReason;
import dev.troupe.actors.serving.kv.BlockTable;
import dev.troupe.actors.serving.kv.SharedBlocks;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Continuous batching with chunked prefill (Orca, OSDI 2022; Sarathi-Serve, arXiv:2403.02310); clients take turns.
 *
 * <p>Every step fills a budget of tokens: one token of each decoding sequence, then pieces of the prompts of admitted
 * sequences in order of admission, then sequences from the queue while there are places and blocks. The client with the
 * fewest places goes first, clients with as many take turns ({@link WaitingQueue}). Of those that were preempted nobody
 * is overtaken: every running sequence was admitted before every one that waits for the second time.
 *
 * <p>Places and blocks are shared out among clients (max-min fairness): one that has waited for {@link #PATIENCE_STEPS}
 * gets the place of another's latest sequence, when that client has at least two more. The sequence waits again, before
 * its client's others, and its tokens are kept; the oldest sequence of a client is never displaced.
 *
 * <p>A prompt that has had a whole budget of tokens lets other clients go first, those whose prompts are read already
 * and those that wait, before it has its next (deficit round robin, SIGCOMM 1995): a long prompt is held up by the
 * short ones of others, and not they by it. Clients with nothing but short prompts are served in the order in which
 * they came.
 *
 * <p>When a decoding sequence needs a block and none is free, the running sequence that was admitted last gives up its
 * blocks and goes back to the head of the queue, or the latest of a client that has more places than the last one's;
 * its tokens are kept and computed again later, with the same bits. The oldest sequence is never preempted by another,
 * so each one finishes.
 *
 * <p>With {@link SchedulingOptions#prefixCache}, a sequence is admitted behind the full blocks that its prompt shares
 * with others, and its own full blocks can be found from the step on that computes them: rows of a step store keys and
 * values before any of them reads. When all of it is there, the last block, full or not, is shared, too: it goes on in
 * a copy, and draws its first token from the logits of the sequence that computes the same tokens in this step, or else
 * computes the last one again, for its logits. With {@link SchedulingOptions#maxDraft}, what is left of the budget goes
 * to guesses behind the tokens that are decoded; they are not worth a preemption.
 *
 * <p>A sequence that wants no tokens ends when its prompt is computed. One of whose prompt something is told computes
 * all of it.
 *
 * <p>Pure bookkeeping, not thread-safe. A batch may be under way while sequences are added or cancelled: blocks that
 * are freed meanwhile are handed out only by the next {@link #schedule}, which is after the batch.
 */
public final class SchedulingPolicy {
    /**
     * Steps that a client waits before another's sequence is displaced for it: what is displaced may have to be
     * computed again, which clients that come and go after each answer would else cause with each of them.
     */
    static final int PATIENCE_STEPS = 16;

    private final SchedulingLimits limits;
    private final SchedulingOptions options;
    private final SharedBlocks pool;
    private final PrefixSharing sharing;
    private final RunningSequences running = new RunningSequences();
    private final WaitingQueue queue = new WaitingQueue(running::placesOf);
    private final Map<Long, Sequence> byArrival = new HashMap<>();
    private long numSteps;
    private long numTurns; // that prompts have begun
    private long numPreemptions;
    private long numDrafted;
    private long numDraftsAccepted;

    /** A policy that shares and guesses nothing. */
    public SchedulingPolicy(SchedulingLimits limits) {
        this(limits, SchedulingOptions.PLAIN);
    }

    /**
     * A policy with nothing running or queued.
     *
     * @throws IllegalArgumentException when a full context does not fit in the cache or the budget is too small
     */
    public SchedulingPolicy(SchedulingLimits limits, SchedulingOptions options) {
        int contextBlocks = BlockTable.numBlocksFor(limits.contextLength());
        if (limits.numKvBlocks() < contextBlocks) {
            throw new IllegalArgumentException("a cache of " + limits.numKvBlocks()
                    + " blocks cannot hold one sequence of " + limits.contextLength() + " tokens, which takes "
                    + contextBlocks);
        }
        if (limits.maxRunning() < 1
                || limits.maxQueued() < 1
                || limits.maxQueuedPerClient() < 1
                || limits.maxBatchTokens() < limits.maxRunning()) {
            throw new IllegalArgumentException("limits contradict each other: " + limits);
        }
        this.limits = limits;
        this.options = options;
        this.pool = new SharedBlocks(limits.numKvBlocks());
        this.sharing = new PrefixSharing(options, pool);
    }

    /**
     * Puts a sequence behind those of its client in the queue.
     *
     * @return false when the queue, or the client's part of it, is full
     * @throws IllegalArgumentException when the prompt leaves no room for an answer that is asked for
     */
    public boolean offer(Sequence sequence) {
        int longest = limits.contextLength() - (sequence.maxTokens() > 0 ? 1 : 0);
        if (sequence.length() < 1 || sequence.length() > longest) {
            throw new IllegalArgumentException("a prompt has 1 to " + longest + " tokens, not " + sequence.length());
        }
        if (queue.size() >= limits.maxQueued() || hasFullQueue(sequence.client())) {
            return false;
        }
        sequence.waitFrom(numSteps);
        queue.add(sequence);
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

    /**
     * The latest batch failed: what it left in the cache cannot be trusted. Its sequences are for the caller to end.
     */
    public void failed() {
        pool.withdrawFresh();
    }

    /** Decides the next step. Empty when there is nothing to do. */
    public ScheduledBatch schedule() {
        sharing.beginStep();
        numSteps++;
        makeRoom();
        shareOut();
        List<ScheduledChunk> chunks = new ArrayList<>();
        int numDecodes = scheduleDecodes(chunks);
        int budget = limits.maxBatchTokens() - numDecodes;
        budget -= schedulePrefills(chunks, budget);
        budget -= admit(chunks, budget, Set.of());
        addDrafts(chunks.subList(0, numDecodes), budget);
        return new ScheduledBatch(chunks);
    }

    /** Displaces sequences for the client that has least, when that gives its first one a place and all its blocks. */
    private void shareOut() {
        if (queue.size() == 0 || queue.hasPreempted()) {
            return;
        }
        Sequence first = queue.firstBeside(clients(reading()));
        if (first == null
                || numSteps - first.waitsSince() < PATIENCE_STEPS
                || running.surplus(first.client(), List.of()).isEmpty()) {
            return;
        }
        SharedBlocks.Prefix prefix = sharing.take(first);
        List<Sequence> displaced = toDisplace(first.client(), numMissing(first, prefix));
        pool.release(prefix.blocks().blocks());
        displaced.forEach(this::displace);
    }

    /**
     * Who must go for one more sequence of a client to be admitted that takes so many blocks; nobody if all is in vain.
     */
    private List<Sequence> toDisplace(String client, int numBlocks) {
        List<Sequence> displaced = new ArrayList<>();
        Map<Integer, Integer> given = new HashMap<>(); // how many owners a block loses
        int freed = 0;
        while (running.size() - displaced.size() >= limits.maxRunning()
                || numBlocks + running.size() - displaced.size() > pool.available() + freed) {
            Optional<Sequence> next = running.surplus(client, displaced);
            if (next.isEmpty()) {
                return List.of();
            }
            displaced.add(next.get());
            for (int block : next.get().blocks().blocks()) {
                if (given.merge(block, 1, Integer::sum) == pool.numOwners(block)) {
                    freed++;
                }
            }
        }
        return displaced;
    }

    private void displace(Sequence sequence) {
        stop(sequence);
        sequence.waitFrom(numSteps);
        queue.addDisplaced(sequence);
    }

    private void stop(Sequence sequence) {
        running.remove(sequence);
        free(sequence);
        numPreemptions++;
    }

    /**
     * Gives sequences that decode blocks for their pending tokens, the oldest first; others may have to give up theirs.
     */
    private void makeRoom() {
        for (Sequence sequence : List.copyOf(running.all())) {
            while (sequence.numPending() == 1
                    && sequence.numBlocks() > 0 // else it had to give them up
                    && sharing.needsBlock(sequence)) {
                int[] block = pool.tryAllocate(1);
                if (block == null) {
                    preempt();
                } else {
                    sharing.grow(sequence, block);
                }
            }
        }
    }

    /** The latest sequence of the client with most places gives up its blocks; with as many, the latest of all. */
    private void preempt() {
        Sequence last = running.all().getLast();
        Sequence victim = running.latestOfMost();
        if (running.placesOf(victim.client()) > running.placesOf(last.client())) {
            displace(victim);
        } else {
            stop(last);
            queue.addPreempted(last);
        }
    }

    /** One token each. */
    private int scheduleDecodes(List<ScheduledChunk> chunks) {
        for (Sequence sequence : running.all()) {
            if (sequence.numPending() == 1) {
                chunks.add(sharing.chunk(sequence, 1));
            }
        }
        return chunks.size();
    }

    private int schedulePrefills(List<ScheduledChunk> chunks, int budget) {
        List<Sequence> reading = reading();
        Set<String> clients = clients(reading);
        long before = numTurns;
        boolean othersWait = hasPlace() && queue.firstBeside(clients) != null;
        for (Sequence sequence : reading) {
            if (sequence.turnTokens() >= limits.maxBatchTokens() && (othersWait || clients.size() > 1)) {
                sequence.beginTurn(++numTurns);
            }
        }
        reading.sort(Comparator.comparingLong(Sequence::turn));
        int left = budget;
        boolean othersCame = false;
        for (Sequence sequence : reading) {
            if (sequence.turn() > before && !othersCame) {
                othersCame = true;
                left -= admit(chunks, left, clients);
            }
            if (left > 0) {
                left -= read(chunks, sequence, left);
            }
        }
        return budget - left;
    }

    /** Sequences whose prompts are being read. */
    private List<Sequence> reading() {
        List<Sequence> reading = new ArrayList<>();
        for (Sequence sequence : running.all()) {
            if (sequence.numPending() > 1) {
                reading.add(sequence);
            }
        }
        return reading;
    }

    private static Set<String> clients(List<Sequence> sequences) {
        Set<String> clients = new HashSet<>();
        sequences.forEach(sequence -> clients.add(sequence.client()));
        return clients;
    }

    private int read(List<ScheduledChunk> chunks, Sequence sequence, int most) {
        ScheduledChunk chunk = sharing.chunk(sequence, Math.min(most, sequence.numPending()));
        chunks.add(chunk);
        return chunk.tokens().size();
    }

    private boolean hasPlace() {
        return running.size() < limits.maxRunning();
    }

    /** @param beside clients whose turn it is not */
    private int admit(List<ScheduledChunk> chunks, int budget, Set<String> beside) {
        int left = budget;
        while (left > 0 && hasPlace()) {
            Sequence sequence = queue.firstBeside(beside);
            if (sequence == null || !takeBlocks(sequence)) {
                break;
            }
            queue.take(sequence);
            running.add(sequence);
            sequence.beginTurn(++numTurns);
            left -= read(chunks, sequence, left);
        }
        return budget - left;
    }

    /**
     * Gives a sequence what the cache holds of it, and blocks for the rest; false and nothing when there are too few.
     */
    private boolean takeBlocks(Sequence sequence) {
        SharedBlocks.Prefix prefix = sharing.take(sequence);
        int[] blocks = tryAllocate(numMissing(sequence, prefix));
        if (blocks == null) {
            pool.release(prefix.blocks().blocks());
            return false;
        }
        sequence.startBehind(prefix, blocks, sharing.isDrawnNow(sequence, prefix));
        return true;
    }

    private static int numMissing(Sequence sequence, SharedBlocks.Prefix prefix) {
        return BlockTable.numBlocksFor(sequence.length()) - prefix.blocks().numBlocks();
    }

    /**
     * Blocks for what may wait; null when there are too few. One is left for each running sequence: what takes a block
     * only for another to be preempted is wasted work.
     */
    private int @Nullable [] tryAllocate(int count) {
        return count + running.size() <= pool.available() ? pool.tryAllocate(count) : null;
    }

    private void addDrafts(List<ScheduledChunk> decodes, int budget) {
        int left = options.maxDraft() == 0 ? 0 : budget;
        for (int i = 0; i < decodes.size() && left > 0; i++) {
            ScheduledChunk chunk = decodes.get(i);
            Sequence sequence = byArrival.get(chunk.arrival());
            if (sequence != null) {
                ScheduledChunk guessing = guessing(chunk, sequence, left);
                decodes.set(i, guessing);
                left -= guessing.numGuesses();
            }
        }
    }

    /** Guesses that fit the answer's limit and the context, up to a stop token, with blocks for them. */
    private ScheduledChunk guessing(ScheduledChunk chunk, Sequence sequence, int most) {
        int room = Math.min(sequence.maxTokens() - sequence.numGenerated(), limits.contextLength() - sequence.length());
        int count =
                Math.min(Math.min(most, sequence.draftLength(options.maxDraft()).next()), room - 1);
        if (options.engineGuesses()) {
            return count > 0 && reserve(sequence, count) ? chunk.toGuess(count, sequence.blocks()) : chunk;
        }
        List<Integer> draft = PromptLookup.draft(sequence.tokens(), count);
        int numUseful = 0;
        while (numUseful < draft.size() && !sequence.isStop(draft.get(numUseful))) {
            numUseful++;
        }
        return numUseful > 0 && reserve(sequence, numUseful)
                ? chunk.withDraft(draft.subList(0, numUseful), sequence.blocks())
                : chunk;
    }

    /** Gives a sequence blocks for {@code count} more tokens; false when there are too few. */
    private boolean reserve(Sequence sequence, int count) {
        int missing = BlockTable.numBlocksFor(sequence.length() + count) - sequence.numBlocks();
        if (missing > 0) {
            int[] blocks = tryAllocate(missing);
            if (blocks == null) {
                return false;
            }
            sequence.setBlocks(sequence.blocks().plus(blocks));
        }
        return true;
    }

    /**
     * Records that a chunk of the latest batch was computed.
     *
     * @param sampled what was drawn: nothing when the chunk did not ask; else one token more than guesses held
     */
    public Advance advance(ScheduledChunk chunk, List<Integer> sampled) {
        Sequence sequence = byArrival.get(chunk.arrival());
        if (sequence == null) {
            return Advance.NOTHING; // cancelled in the meantime
        }
        int numAccepted = Math.max(0, sampled.size() - 1);
        sequence.computed(chunk.tokens().size() - chunk.numDraft() + numAccepted);
        if (chunk.numGuesses() > 0) {
            sequence.draftLength(options.maxDraft()).learn(chunk.numGuesses(), numAccepted);
            numDrafted += chunk.numGuesses();
            numDraftsAccepted += numAccepted;
        }
        if (sequence.maxTokens() == 0 && sequence.numPending() == 0) {
            remove(sequence);
            return new Advance(0, Optional.of(FinishReason.LENGTH));
        }
        for (int i = 0; i < sampled.size(); i++) {
            if (sequence.isStop(sampled.get(i))) {
                remove(sequence);
                return new Advance(i, Optional.of(FinishReason.STOP));
            }
            sequence.append(sampled.get(i));
            if (sequence.numGenerated() >= sequence.maxTokens() || sequence.length() >= limits.contextLength()) {
                remove(sequence);
                return new Advance(i + 1, Optional.of(FinishReason.LENGTH));
            }
        }
        return new Advance(sampled.size(), Optional.empty());
    }

    /** What is computed stays to be found, as long as there is room. */
    private void free(Sequence sequence) {
        sharing.publish(sequence, Math.min(sequence.numComputed(), sequence.length()));
        pool.release(sequence.blocks().blocks());
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

    /** Whether as many sequences of a client wait as may. */
    public boolean hasFullQueue(String client) {
        return queue.size(client) >= limits.maxQueuedPerClient();
    }

    /** Whether nothing runs and nothing waits. */
    public boolean isIdle() {
        return byArrival.isEmpty();
    }

    /** Blocks that sequences hold. */
    public int numUsedBlocks() {
        return limits.numKvBlocks() - pool.available();
    }

    /** Blocks that are kept in case that another sequence needs what they hold. */
    public int numIdleBlocks() {
        return pool.numIdle();
    }

    /** How often a block that was kept had to make room. */
    public long numEvictions() {
        return pool.numEvictions();
    }

    /** Tokens that were guessed. */
    public long numDrafted() {
        return numDrafted;
    }

    /** Guesses that held. */
    public long numDraftsAccepted() {
        return numDraftsAccepted;
    }

    /** How often a sequence had to give up its blocks, for an older one or for a client that had fewer. */
    public long numPreemptions() {
        return numPreemptions;
    }
}
