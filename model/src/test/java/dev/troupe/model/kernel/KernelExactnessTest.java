package dev.troupe.model.kernel;

import static dev.troupe.model.kernel.TestTensors.normal;
import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.kernel.attention.AttentionShape;
import dev.troupe.model.kernel.attention.KvBlocks;
import dev.troupe.model.kernel.gemm.PackedMatrix;
import dev.troupe.model.kernel.gemm.Transpose;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Results that must agree in every bit: whatever the rows, the threads, the packing, the cache and the compiler. */
public class KernelExactnessTest {
    private static final int WARM_UP = 400;

    static List<String> providers() {
        return TestedProviders.names();
    }

    private static int repeats(String provider) {
        return provider.startsWith("scalar") ? 2 : WARM_UP;
    }

    @ParameterizedTest
    @MethodSource("providers")
    void productOfARowDoesNotDependOnItsNeighboursOrOnPacking(String provider) {
        try (FixedComputePool two = FixedComputePool.create(2);
                FixedComputePool one = FixedComputePool.create(1);
                TensorArena arena = TensorArena.open("test")) {
            for (int[] nk : new int[][] {{65, 128}, {130, 300}, {64, 513}, {17, 7}}) {
                int n = nk[0];
                int k = nk[1];
                int most = 41;
                Tensor a = normal(arena, 1, most, k);
                Tensor b = normal(arena, 2, n, k);
                Tensor bias = normal(arena, 3, n);
                Tensor whole = arena.allocate(most, n);
                Kernels kernels = TestedProviders.assumed(provider).create(two);
                kernels.gemm().multiply(Transpose.NO, Transpose.YES, most, n, k, a, k, b, k, whole, n, false);
                kernels.elementwise().addBias(most, n, bias, whole);
                float[] expected = whole.toArray();
                PackedMatrix packed = kernels.gemm().pack(Transpose.YES, k, n, b, k, arena);
                for (int i = 0; i < repeats(provider); i++) {
                    Kernels used = i % 2 == 0
                            ? kernels
                            : TestedProviders.assumed(provider).create(one);
                    int m = 1 + i % most;
                    Tensor c = arena.allocate(m, n);
                    used.gemm().multiplyPacked(m, a, k, packed, bias, c, n, false);
                    assertThat(c.toArray())
                            .as("m %d, n %d, k %d, call %d", m, n, k, i)
                            .isEqualTo(Arrays.copyOf(expected, m * n));
                }
            }
        }
    }

    /** From one row to what is a prompt: few rows and many are multiplied in different ways. */
    @ParameterizedTest
    @MethodSource("providers")
    void productOfARowIsThatOfManyRows(String provider) {
        try (FixedComputePool pool = FixedComputePool.create(2);
                TensorArena arena = TensorArena.open("test")) {
            Kernels kernels = TestedProviders.assumed(provider).create(pool);
            for (int[] nk : new int[][] {{96, 600}, {400, 70}}) {
                int n = nk[0];
                int k = nk[1];
                int most = 500;
                Tensor a = normal(arena, 1, most, k);
                Tensor b = normal(arena, 2, k, n);
                Tensor whole = arena.allocate(most, n);
                kernels.gemm().multiply(Transpose.NO, Transpose.NO, most, n, k, a, k, b, n, whole, n, false);
                float[] expected = whole.toArray();
                PackedMatrix packed = kernels.gemm().pack(Transpose.NO, k, n, b, n, arena);
                for (int m : new int[] {1, 12, 144, 145, 385, most}) {
                    Tensor c = arena.allocate(m, n);
                    float[] rows = Arrays.copyOf(expected, m * n);
                    kernels.gemm().multiply(Transpose.NO, Transpose.NO, m, n, k, a, k, b, n, c, n, false);
                    assertThat(c.toArray()).as("m %d, n %d, k %d", m, n, k).isEqualTo(rows);
                    kernels.gemm().multiplyPacked(m, a, k, packed, null, c, n, false);
                    assertThat(c.toArray())
                            .as("m %d, n %d, k %d, packed", m, n, k)
                            .isEqualTo(rows);
                }
            }
        }
    }

    /** With one head of keys and values, threads share its backward pass in another way. */
    @ParameterizedTest
    @MethodSource("providers")
    void backwardAttentionDoesNotDependOnThreads(String provider) {
        try (FixedComputePool one = FixedComputePool.create(1);
                FixedComputePool three = FixedComputePool.create(3);
                TensorArena arena = TensorArena.open("test")) {
            AttentionShape shape = new AttentionShape(4, 1, 25);
            int time = 150;
            Tensor qkv = normal(arena, 1, time, shape.fusedWidth());
            Tensor dOut = normal(arena, 2, time, shape.queryWidth());
            Tensor out = arena.allocate(time, shape.queryWidth());
            Tensor lse = arena.allocate(shape.numHeads(), time);
            List<float[]> gradients = new ArrayList<>();
            for (FixedComputePool pool : List.of(one, three)) {
                Kernels kernels = TestedProviders.assumed(provider).create(pool);
                kernels.attention().forward(shape, 1, time, qkv, out, lse);
                Tensor dQkv = arena.allocate(time, shape.fusedWidth());
                kernels.attention().backward(shape, 1, time, qkv, out, lse, dOut, dQkv);
                gradients.add(dQkv.toArray());
            }
            assertThat(gradients.getLast()).isEqualTo(gradients.getFirst());
        }
    }

    @ParameterizedTest
    @MethodSource("providers")
    void cachedAttentionGivesTheBitsOfTheWholeForward(String provider) {
        try (FixedComputePool pool = FixedComputePool.create(2);
                TensorArena arena = TensorArena.open("test")) {
            Kernels kernels = TestedProviders.assumed(provider).create(pool);
            for (AttentionShape shape : new AttentionShape[] {
                new AttentionShape(4, 4, 32), new AttentionShape(6, 2, 64), new AttentionShape(4, 1, 10)
            }) {
                int time = 75;
                int width = shape.queryWidth();
                Tensor qkv = normal(arena, 5, time, shape.fusedWidth());
                Tensor whole = arena.allocate(time, width);
                kernels.attention().forward(shape, 1, time, qkv, whole, arena.allocate(shape.numHeads(), time));
                for (int i = 0; i < repeats(provider) / 20 + 1; i++) {
                    Tensor out = arena.allocate(time, width);
                    decode(kernels, shape, time, 1 + i % 7, qkv, out, arena);
                    assertThat(out.toArray()).as("%s, pass %d", shape, i).isEqualTo(whole.toArray());
                }
            }
        }
    }

    /** A long first part at once, then {@code step} tokens at a time. */
    private static void decode(
            Kernels kernels, AttentionShape shape, int time, int step, Tensor qkv, Tensor out, TensorArena arena) {
        KvBlocks blocks = new KvBlocks(shape, time / KvBlocks.BLOCK_TOKENS + 1, arena);
        int[] table = IntStream.range(0, blocks.numBlocks())
                .map(i -> blocks.numBlocks() - 1 - i)
                .toArray();
        int from = 0;
        while (from < time) {
            int rows = Math.min(from == 0 ? 20 : step, time - from);
            int first = from;
            int[] positions = IntStream.range(0, rows).map(r -> first + r).toArray();
            int[][] tables = new int[rows][];
            Arrays.fill(tables, table);
            Tensor in = qkv.view((long) from * shape.fusedWidth(), rows, shape.fusedWidth());
            Tensor part = out.view((long) from * shape.queryWidth(), rows, shape.queryWidth());
            kernels.attention().cachedForward(blocks, rows, in, positions, tables, part);
            from += rows;
        }
    }

    @ParameterizedTest
    @MethodSource("providers")
    void resultsDoNotChangeWithThreadsOrWarmUp(String provider) {
        try (FixedComputePool one = FixedComputePool.create(1);
                FixedComputePool three = FixedComputePool.create(3)) {
            float[] first = step(TestedProviders.assumed(provider).create(one));
            Kernels kernels = TestedProviders.assumed(provider).create(three);
            for (int i = 0; i < repeats(provider) / 4 + 1; i++) {
                assertThat(step(kernels)).as("pass %d", i).isEqualTo(first);
            }
        }
    }

    /** Something of every operation whose sums could be split. */
    private static float[] step(Kernels kernels) {
        try (TensorArena arena = TensorArena.open("test")) {
            int rows = 90;
            int dim = 200;
            AttentionShape shape = new AttentionShape(4, 2, 25);
            Tensor x = normal(arena, 1, rows, dim);
            Tensor w = normal(arena, 2, dim);
            Tensor y = arena.allocate(rows, dim);
            Tensor mean = arena.allocate(rows);
            Tensor rstd = arena.allocate(rows);
            kernels.normalization().layerForward(rows, dim, 1e-5f, x, w, w, y, mean, rstd);
            Tensor dWeight = arena.allocate(dim);
            Tensor dBias = arena.allocate(dim);
            kernels.normalization().layerBackward(rows, dim, x, w, mean, rstd, y, x, dWeight, dBias);
            kernels.activation().geluForward((long) rows * dim, x, x);
            Tensor out = arena.allocate(rows, 100);
            Tensor lse = arena.allocate(rows, 4);
            Tensor dQkv = arena.allocate(rows, dim);
            kernels.attention().forward(shape, 2, rows / 2, x, out, lse);
            kernels.attention().backward(shape, 2, rows / 2, x, out, lse, out, dQkv);
            kernels.elementwise().biasBackward(rows, dim, dQkv, dBias);
            Tensor product = arena.allocate(dim, dim);
            kernels.gemm().multiply(Transpose.YES, Transpose.NO, dim, dim, rows, x, dim, dQkv, dim, product, dim, true);
            Tensor losses = arena.allocate(rows);
            int[] targets = IntStream.range(0, rows).map(i -> i % dim).toArray();
            kernels.crossEntropy().forwardBackward(rows, dim, dQkv, targets, 1, losses);
            kernels.embedding().scatterAdd(rows, dim, targets, dQkv, product);
            Tensor result = arena.allocate(1);
            result.set(0, (float) kernels.elementwise().sumOfSquares(0, product.size(), product));
            return join(y, dWeight, dBias, out, lse, dQkv, product, losses, result);
        }
    }

    private static float[] join(Tensor... tensors) {
        float[] joined = {};
        for (Tensor tensor : tensors) {
            float[] more = tensor.toArray();
            int size = joined.length;
            joined = Arrays.copyOf(joined, size + more.length);
            System.arraycopy(more, 0, joined, size, more.length);
        }
        return joined;
    }
}
