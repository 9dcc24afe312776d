package dev.troupe.model.kernel.attention;

import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Keys and values of one layer in blocks of {@link #BLOCK_TOKENS} tokens (paged attention, arXiv:2309.06180). Which
 * blocks belong to which sequence is the business of a block table.
 *
 * <p>Block layout, per kv head: a section of keys [headDim][BLOCK_TOKENS] (transposed, so that one vector holds the
 * same component of sixteen keys), then one of values [BLOCK_TOKENS][headDim]. Numbers are rounded to the nearest of
 * the storage type, ties to even, when they are stored.
 *
 * <p>{@link StorageType#Q8_0} takes the numbers of one token in groups of {@link #GROUP} along the head dim, the last
 * group maybe shorter: signed bytes in the layout above, and behind them in each section float16 scales, of keys
 * [groups][BLOCK_TOKENS], of values [BLOCK_TOKENS][groups]. A scale is the group's greatest magnitude over 127; a group
 * beyond the scale's range, 8 million, reads as NaN.
 */
public final class KvBlocks {
    public static final int BLOCK_TOKENS = 16;

    /** Numbers of a token that share a scale. */
    public static final int GROUP = 32;

    /** What keys and values can be stored as. */
    public static final Set<StorageType> TYPES =
            EnumSet.of(StorageType.F32, StorageType.BF16, StorageType.F16, StorageType.Q8_0);

    private final AttentionShape shape;
    private final StorageType type;
    private final int numBlocks;
    private final long sectionBytes;
    private final Tensor data; // [numBlocks, layers that share it, numKvHeads, 2, sectionBytes / 4]
    private final long firstByte; // of block 0 in data
    private final long stepBytes; // from one block to the next

    /** Blocks of float32. */
    public KvBlocks(AttentionShape shape, int numBlocks, TensorArena arena) {
        this(shape, StorageType.F32, numBlocks, arena);
    }

    /** @throws IllegalArgumentException when {@code type} is none of {@link #TYPES} */
    public KvBlocks(AttentionShape shape, StorageType type, int numBlocks, TensorArena arena) {
        this(shape, type, numBlocks, allocate(shape, type, numBlocks, 1, arena), 0, 1);
    }

    private KvBlocks(AttentionShape shape, StorageType type, int numBlocks, Tensor data, int layer, int layers) {
        long blockBytes = blockBytes(shape.numKvHeads(), shape.headDim(), type);
        this.shape = shape;
        this.type = type;
        this.numBlocks = numBlocks;
        this.sectionBytes = sectionBytes(shape.headDim(), type);
        this.data = data;
        this.firstByte = layer * blockBytes;
        this.stepBytes = layers * blockBytes;
    }

    /**
     * Blocks of several layers, those of the same number side by side. The system gives memory by huge pages, as they
     * are first written to: so a block of all layers takes one or two of them, not one in each layer, all at once.
     *
     * @throws IllegalArgumentException when {@code type} is none of {@link #TYPES}
     */
    public static List<KvBlocks> ofLayers(
            int layers, AttentionShape shape, StorageType type, int numBlocks, TensorArena arena) {
        Tensor data = allocate(shape, type, numBlocks, layers, arena);
        return IntStream.range(0, layers)
                .mapToObj(layer -> new KvBlocks(shape, type, numBlocks, data, layer, layers))
                .toList();
    }

    private static Tensor allocate(
            AttentionShape shape, StorageType type, int numBlocks, int layers, TensorArena arena) {
        long section = sectionBytes(shape.headDim(), type) / Float.BYTES;
        return arena.allocate(numBlocks, layers, shape.numKvHeads(), 2, Math.toIntExact(section));
    }

    /** Bytes of one block of one layer. */
    public static long blockBytes(int numKvHeads, int headDim, StorageType type) {
        return 2L * numKvHeads * sectionBytes(headDim, type);
    }

    private static long sectionBytes(int headDim, StorageType type) {
        if (!TYPES.contains(type)) {
            throw new IllegalArgumentException("keys and values are stored as one of " + TYPES + ", not " + type);
        }
        long numbers = (long) headDim * BLOCK_TOKENS;
        return type == StorageType.Q8_0
                ? numbers + (long) numGroups(headDim) * BLOCK_TOKENS * Short.BYTES
                : numbers * type.blockBytes();
    }

    /** Groups of a token's numbers that have scales of their own. */
    static int numGroups(int headDim) {
        return Math.ceilDiv(headDim, GROUP);
    }

    public AttentionShape shape() {
        return shape;
    }

    public StorageType type() {
        return type;
    }

    public int numBlocks() {
        return numBlocks;
    }

    /**
     * The memory of all blocks, other layers' that share it included; its elements are numbers only for
     * {@link StorageType#F32}.
     */
    public Tensor data() {
        return data;
    }

    /** Whether other layers' blocks lie between these. */
    public boolean sharesMemory() {
        return stepBytes > blockBytes(shape.numKvHeads(), shape.headDim(), type);
    }

    /** Byte offset of the keys of {@code kvHead} in block {@code block}. */
    public long keyOffset(int block, int kvHead) {
        return firstByte + block * stepBytes + kvHead * 2L * sectionBytes;
    }

    /** Byte offset of the values of {@code kvHead} in block {@code block}. */
    public long valueOffset(int block, int kvHead) {
        return keyOffset(block, kvHead) + sectionBytes;
    }

    /** Copies all that one block holds into another, in the host's memory. */
    void copy(int from, int to) {
        long bytes = blockBytes(shape.numKvHeads(), shape.headDim(), type);
        MemorySegment.copy(data.segment(), keyOffset(from, 0), data.segment(), keyOffset(to, 0), bytes);
    }

    /** Bytes between the numbers and their scales in a section of {@link StorageType#Q8_0}. */
    long scalesOffset() {
        return (long) shape.headDim() * BLOCK_TOKENS;
    }
}
