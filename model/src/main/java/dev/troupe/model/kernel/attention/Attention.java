package dev.troupe.model.kernel.attention;

import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.util.List;

/**
 * Causal softmax attention. {@link #forward} over whole sequences and {@link #cachedForward} over cached keys sum every
 * output element in the same order, so decoding with a cache gives the bits of the full forward pass.
 *
 * <p>Legend: B sequences, T tokens each, H heads, KV key-value heads, D head dim. Fused rows as {@link AttentionShape}
 * says.
 */
public interface Attention {
    /**
     * Attends every token of B sequences to itself and all before it.
     *
     * @param qkv [B·T, (H + 2·KV)·D]
     * @param out [B·T, H·D]
     * @param logSumExp [B, H, T], log of the sum of exponentials of each row, for the backward pass
     */
    void forward(AttentionShape shape, int batch, int time, Tensor qkv, Tensor out, Tensor logSumExp);

    /** Overwrites dQkv, of qkv's shape. */
    void backward(
            AttentionShape shape,
            int batch,
            int time,
            Tensor qkv,
            Tensor out,
            Tensor logSumExp,
            Tensor dOut,
            Tensor dQkv);

    /**
     * A cache for {@link #cachedForward}, as it is best for these kernels: by default blocks of one number of all
     * layers lie side by side.
     *
     * @return one for each layer
     */
    default List<KvBlocks> cache(int layers, AttentionShape shape, StorageType type, int numBlocks, TensorArena arena) {
        return KvBlocks.ofLayers(layers, shape, type, numBlocks, arena);
    }

    /**
     * Stores the keys and values of {@code rows} fused rows, then attends each row to everything cached up to and
     * including itself. Rows of one sequence must come in order of position; several sequences may be mixed.
     *
     * @param qkv [rows, (H + 2·KV)·D]
     * @param positions position in its sequence, of each row
     * @param blockTables of each row its sequence's block numbers; entry p / BLOCK_TOKENS holds position p
     * @param out [rows, H·D]
     */
    void cachedForward(KvBlocks blocks, int rows, Tensor qkv, int[] positions, int[][] blockTables, Tensor out);

    /** Copies the keys and values of a whole block into another: what a sequence shares, before it goes on in it. */
    default void copyBlock(KvBlocks blocks, int from, int to) {
        AttentionArguments.checkCopy(blocks, from, to);
        blocks.copy(from, to);
    }
}
