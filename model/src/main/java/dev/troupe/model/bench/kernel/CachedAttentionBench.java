package dev.troupe.model.bench.kernel;

import dev.troupe.model.bench.kernel.BenchCase.Work;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.attention.AttentionShape;
import dev.troupe.model.kernel.attention.KvBlocks;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Attention of one new token of each sequence over keys and values in blocks, as when answers are written. It goes over
 * the caches of several layers, more than the processor's hold, and counts the bytes of the keys and values that are
 * seen.
 */
public final class CachedAttentionBench implements KernelSuite {
    private static final List<StorageType> TYPES = List.of(StorageType.F32, StorageType.BF16, StorageType.Q8_0);

    /** Several times the last-level cache. */
    private static final long LAYERS_BYTES = 128L << 20;

    @Override
    public List<BenchCase> cases() {
        List<BenchCase> cases = new ArrayList<>();
        for (StorageType type : TYPES) {
            cases.add(new Decode(new AttentionShape(12, 12, 64), type, 1, 1024).timed()); // GPT-2
            cases.add(new Decode(new AttentionShape(9, 3, 64), type, 1, 1024).timed()); // 135 M parameters
            cases.add(new Decode(new AttentionShape(32, 4, 64), type, 1, 2048).timed()); // 1.1 G
            cases.add(new Decode(new AttentionShape(32, 4, 64), type, 16, 512).timed());
            cases.add(new Decode(new AttentionShape(32, 4, 64, 512, false), type, 1, 2048).timed());
        }
        return cases;
    }

    private record Decode(AttentionShape shape, StorageType type, int sequences, int context) {
        BenchCase timed() {
            String label = sequences + "x" + context + ", " + shape.numHeads() + "/" + shape.numKvHeads() + " heads of "
                    + shape.headDim() + (shape.window() > 0 ? ", window " + shape.window() : "");
            return BenchCase.of(
                    "cached attention " + type, label, Work.bytes((double) seenBytes() * layers()), this::prepare);
        }

        private int seen() {
            return shape.window() > 0 ? Math.min(shape.window(), context) : context;
        }

        /** Of one layer. */
        private long seenBytes() {
            long blockBytes = KvBlocks.blockBytes(shape.numKvHeads(), shape.headDim(), type);
            return sequences * (long) seen() * blockBytes / KvBlocks.BLOCK_TOKENS;
        }

        private int layers() {
            return (int) Math.ceilDiv(LAYERS_BYTES, seenBytes());
        }

        private int blocksEach() {
            return context / KvBlocks.BLOCK_TOKENS;
        }

        private Runnable prepare(Kernels kernels, TensorArena arena) {
            List<KvBlocks> layers = kernels.attention().cache(layers(), shape, type, sequences * blocksEach(), arena);
            fill(kernels, layers.getFirst(), arena);
            layers.subList(1, layers.size()).forEach(layer -> copy(layers.getFirst(), layer));
            Tensor qkv = BenchInputs.random(arena, sequences, shape.fusedWidth());
            Tensor out = arena.allocate(sequences, shape.queryWidth());
            int[] last = new int[sequences];
            Arrays.fill(last, context - 1);
            int[][] tables = IntStream.range(0, sequences).mapToObj(this::table).toArray(int[][]::new);
            return () -> layers.forEach(
                    blocks -> kernels.attention().cachedForward(blocks, sequences, qkv, last, tables, out));
        }

        /**
         * All blocks hold the keys and values of as many tokens as one has: a whole context's attention takes seconds.
         */
        private void fill(Kernels kernels, KvBlocks layer, TensorArena arena) {
            int tokens = KvBlocks.BLOCK_TOKENS;
            Tensor prompt = BenchInputs.random(arena, tokens, shape.fusedWidth());
            int[] positions = IntStream.range(0, tokens).toArray();
            int[][] tables = new int[tokens][];
            Tensor out = arena.allocate(tokens, shape.queryWidth());
            for (int block = 0; block < layer.numBlocks(); block++) {
                Arrays.fill(tables, new int[] {block});
                kernels.attention().cachedForward(layer, tokens, prompt, positions, tables, out);
            }
        }

        private void copy(KvBlocks from, KvBlocks to) {
            long blockBytes = KvBlocks.blockBytes(shape.numKvHeads(), shape.headDim(), type);
            MemorySegment source = from.data().readOnlySegment();
            MemorySegment target = to.data().segment();
            for (int block = 0; block < from.numBlocks(); block++) {
                MemorySegment.copy(source, from.keyOffset(block, 0), target, to.keyOffset(block, 0), blockBytes);
            }
        }

        /** Blocks of all sequences lie in turns, as those of answers that grow together do. */
        private int[] table(int sequence) {
            return IntStream.range(0, blocksEach())
                    .map(block -> block * sequences + sequence)
                    .toArray();
        }
    }
}
