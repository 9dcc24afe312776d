package dev.troupe.actors.serving.batch;

import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.kv.BlockTable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;

/**
 * The state of one request in a {@link SchedulingPolicy}: its tokens, how many of them are in the cache, and where.
 * Prefill, decode and recomputation after a preemption are the same thing: tokens that are known but not yet computed.
 */
public final class Sequence {
    private final long arrival;
    private final String requestId;
    private final int promptTokens;
    private final int maxTokens;
    private final Set<Integer> stopTokens;
    private final ArrayList<Integer> tokens;

    private BlockTable blocks = BlockTable.EMPTY;
    private int numComputed;

    /**
     * A request of which nothing is computed yet.
     *
     * @param arrival rises with every request of a policy; the order of service
     */
    public Sequence(long arrival, GenerationRequest request) {
        this.arrival = arrival;
        this.requestId = request.requestId();
        this.promptTokens = request.promptTokens().size();
        this.maxTokens = request.maxTokens();
        this.stopTokens = Set.copyOf(request.stopTokens());
        this.tokens = new ArrayList<>(request.promptTokens());
    }

    public long arrival() {
        return arrival;
    }

    public String requestId() {
        return requestId;
    }

    /** Tokens of the prompt. */
    public int numPrompt() {
        return promptTokens;
    }

    /** Tokens of the answer so far. */
    public int numGenerated() {
        return tokens.size() - promptTokens;
    }

    /** The answer so far. */
    public List<Integer> generated() {
        return Collections.unmodifiableList(tokens.subList(promptTokens, tokens.size()));
    }

    /** Blocks that this sequence holds. */
    public int numBlocks() {
        return blocks.numBlocks();
    }

    int length() {
        return tokens.size();
    }

    int maxTokens() {
        return maxTokens;
    }

    boolean isStop(int token) {
        return stopTokens.contains(token);
    }

    BlockTable blocks() {
        return blocks;
    }

    void setBlocks(BlockTable newBlocks) {
        blocks = newBlocks;
    }

    /** Known tokens whose keys and values are not in the cache. */
    int numPending() {
        return tokens.size() - numComputed;
    }

    /** The next {@code count} pending tokens. */
    ScheduledChunk chunk(int count) {
        List<Integer> part = List.copyOf(tokens.subList(numComputed, numComputed + count));
        return new ScheduledChunk(arrival, numComputed, part, blocks, count == numPending());
    }

    void computed(int count) {
        numComputed += count;
    }

    void append(int token) {
        tokens.add(token);
    }

    /** The blocks were taken away: everything must be computed again. */
    void forgetCache() {
        blocks = BlockTable.EMPTY;
        numComputed = 0;
    }
}
