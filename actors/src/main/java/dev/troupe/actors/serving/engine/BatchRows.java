package dev.troupe.actors.serving.engine;

import dev.troupe.actors.serving.PromptOutput;
import dev.troupe.actors.serving.batch.ScheduledChunk;
import dev.troupe.actors.serving.kv.BlockCopy;
import dev.troupe.model.transformer.InferenceModel;
import java.util.Arrays;
import java.util.List;

/** The rows of a forward pass, as {@link InferenceModel} takes them: all that a member of a split replica is told. */
public final class BatchRows {
    private final List<BlockCopy> copies;
    private final int count;
    private final int[] tokens;
    private final int[] positions;
    private final int[][] blockTables;
    private final boolean[] wantLogits;
    private final boolean[] ofPrompt;
    private final boolean[] wantHidden;

    /**
     * Rows to be filled in: no token is anything else than 0, no block table is there.
     *
     * @param copies of blocks, made in this order before any row is computed
     */
    public BatchRows(int count, List<BlockCopy> copies) {
        this.copies = List.copyOf(copies);
        this.count = count;
        this.tokens = new int[count];
        this.positions = new int[count];
        this.blockTables = new int[count][];
        this.wantLogits = new boolean[count];
        this.ofPrompt = new boolean[count];
        this.wantHidden = new boolean[count];
    }

    /** The tokens of all chunks, in order. */
    static BatchRows of(List<ScheduledChunk> chunks) {
        BatchRows rows = new BatchRows(
                chunks.stream().mapToInt(chunk -> chunk.tokens().size()).sum(),
                chunks.stream().flatMap(chunk -> chunk.copy().stream()).toList());
        int row = 0;
        for (ScheduledChunk chunk : chunks) {
            for (int i = 0; i < chunk.tokens().size(); i++, row++) {
                int position = chunk.firstPosition() + i;
                rows.tokens[row] = chunk.tokens().get(i);
                rows.positions[row] = position;
                rows.blockTables[row] = chunk.blocks().blocks();
                rows.ofPrompt[row] = position < chunk.numPrompt();
                rows.wantLogits[row] = chunk.promptOutput() == PromptOutput.LOG_PROBS && chunk.isRead(position);
                rows.wantHidden[row] = chunk.promptOutput() == PromptOutput.EMBEDDING && chunk.isRead(position);
            }
            Arrays.fill(rows.wantLogits, row - chunk.numLogitRows(), row, true);
        }
        return rows;
    }

    public List<BlockCopy> copies() {
        return copies;
    }

    public int count() {
        return count;
    }

    public int[] tokens() {
        return tokens;
    }

    public int[] positions() {
        return positions;
    }

    public int[][] blockTables() {
        return blockTables;
    }

    public boolean[] wantLogits() {
        return wantLogits;
    }

    public boolean[] ofPrompt() {
        return ofPrompt;
    }

    public boolean[] wantHidden() {
        return wantHidden;
    }

    /** Makes the copies, as {@link #through} does. */
    void copyBlocks(InferenceModel model) {
        copies.forEach(copy -> model.copyBlock(copy.from(), copy.to()));
    }

    /** Computes them. */
    public InferenceModel.Output through(InferenceModel model) {
        copyBlocks(model);
        return model.forward(count, tokens, positions, blockTables, wantLogits, ofPrompt, wantHidden);
    }
}
