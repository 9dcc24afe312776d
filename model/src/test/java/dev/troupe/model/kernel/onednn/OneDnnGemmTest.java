package dev.troupe.model.kernel.onednn;

import static dev.troupe.model.kernel.TestTensors.normal;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.troupe.model.kernel.gemm.PackedMatrix;
import dev.troupe.model.kernel.gemm.Transpose;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.kernel.vector.ScratchPool;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is oneDNN's own: bits that depend on nothing but the row and the column, threads, and memory that ends. */
class OneDnnGemmTest {
    private static final long SEED = 3;
    private static final TileSizes ONLY_ONE = new TileSizes(List.of(TileSizes.TILE_ROWS), List.of(1));

    private final List<String> named = new CopyOnWriteArrayList<>();

    @BeforeEach
    void needsTheLibrary() {
        Optional<String> reason = new OneDnnKernelProvider().unavailable();
        assumeTrue(reason.isEmpty(), () -> "onednn: " + reason.orElse(""));
    }

    /** On a processor where sizes differ, some of them are missing; all that are there agree. */
    @Test
    void sizesOfTilesWereTried() {
        TileSizes sizes = TileSizes.tried();
        assertThat(sizes.rows()).contains(TileSizes.TILE_ROWS).isSorted();
        assertThat(sizes.panels()).contains(1).isSorted();
        assertThat(ONLY_ONE.rowsFor(1, 256)).isEqualTo(TileSizes.TILE_ROWS);
        assertThat(ONLY_ONE.panelsFor(7, 16)).isEqualTo(1);
        TileSizes all = new TileSizes(List.of(1, 2, 4, 8, 16, 32, 64, 128), List.of(1, 2, 4));
        List<Integer> next = Stream.of(1, 3, 5, 7, 33, 63, 64, 200)
                .map(left -> all.rowsFor(left, 64))
                .toList();
        assertThat(next).containsExactly(1, 2, 4, 8, 32, 32, 64, 64);
        assertThat(all.rowsFor(200, 256)).isEqualTo(128);
        assertThat(all.panelsFor(7, 16)).isEqualTo(4);
        assertThat(all.panelsFor(7, 0)).isEqualTo(1);
    }

    /** Sums of all the lengths that models have, tails included. */
    @Test
    void rowsHaveTheSameBitsInAnyCompany() {
        TileSizes tried = TileSizes.tried();
        try (FixedComputePool one = FixedComputePool.create(1);
                FixedComputePool three = FixedComputePool.create(3);
                TensorArena arena = TensorArena.open("test");
                OneDnnGemm alone = new OneDnnGemm(one, new ScratchPool(), tried);
                OneDnnGemm shared = new OneDnnGemm(three, new ScratchPool(), tried);
                OneDnnGemm padded = new OneDnnGemm(one, new ScratchPool(), ONLY_ONE)) {
            for (int k : new int[] {1, 31, 32, 33, 64, 127, 384, 576, 768, 1000, 1536, 3072, 4864, 5632}) {
                int n = k % 2 == 0 ? 192 : 131;
                int most = 300;
                Tensor a = normal(arena, SEED, most, k);
                Tensor b = normal(arena, SEED + 1, n, k);
                Tensor all = arena.allocate(most, n);
                padded.multiply(Transpose.NO, Transpose.YES, most, n, k, a, k, b, k, all, n, false);
                float[] expected = all.toArray();
                PackedMatrix packed = shared.pack(Transpose.YES, k, n, b, k, arena);
                for (OneDnnGemm gemm : List.of(alone, shared)) {
                    for (int m : new int[] {1, 2, 3, 5, 8, 16, 17, 33, 63, 64, 65, 100, 129, 150, 257, 300}) {
                        Tensor last = a.view((long) (most - m) * k, m, k);
                        float[] rows = Arrays.copyOfRange(expected, (most - m) * n, most * n);
                        Tensor c = arena.allocate(m, n);
                        gemm.multiply(Transpose.NO, Transpose.YES, m, n, k, last, k, b, k, c, n, false);
                        assertThat(c.toArray()).as("m %d, n %d, k %d", m, n, k).isEqualTo(rows);
                        gemm.multiplyPacked(m, last, k, packed, null, c, n, false);
                        assertThat(c.toArray())
                                .as("packed, m %d, n %d, k %d", m, n, k)
                                .isEqualTo(rows);
                    }
                }
            }
        }
    }

    /** Operands that are laid out in several parts. */
    @Test
    void largeOperandsGoThroughInParts() {
        int m = 200;
        int n = 1100;
        int k = 24_000; // both operands of more bytes than are laid out at once
        try (FixedComputePool pool = FixedComputePool.create(2);
                TensorArena arena = TensorArena.open("test");
                OneDnnGemm gemm = new OneDnnGemm(pool, new ScratchPool(), TileSizes.tried())) {
            Tensor a = normal(arena, SEED, m, k);
            Tensor b = normal(arena, SEED + 1, n, k);
            Tensor bias = normal(arena, SEED + 2, n);
            Tensor whole = arena.allocate(m, n);
            gemm.multiplyAdd(Transpose.NO, Transpose.YES, m, n, k, a, k, b, k, whole, n, null, bias);
            for (int row : new int[] {0, 130, m - 1}) {
                Tensor c = arena.allocate(n);
                Tensor x = a.view((long) row * k, k);
                gemm.multiplyAdd(Transpose.NO, Transpose.YES, 1, n, k, x, k, b, k, c, n, null, bias);
                assertThat(c.toArray()).isEqualTo(whole.view((long) row * n, n).toArray());
            }
        }
    }

    @Test
    void closingFreesWhatPrimitivesHold() throws IOException {
        try (FixedComputePool pool = FixedComputePool.create(2);
                TensorArena arena = TensorArena.open("test")) {
            Tensor a = normal(arena, SEED, 64, 256);
            Tensor c = arena.allocate(64, 64);
            long before = 0;
            int rounds = 1000;
            ScratchPool scratch = new ScratchPool();
            for (int i = 0; i < rounds; i++) {
                try (OneDnnGemm gemm = new OneDnnGemm(pool, scratch, ONLY_ONE)) {
                    gemm.multiply(Transpose.NO, Transpose.YES, 64, 64, 256, a, 256, a, 256, c, 64, false);
                    assertThat(gemm.primitives()).isPositive();
                }
                if (i == rounds / 4) {
                    before = residentKibibytes();
                }
            }
            // A primitive that stays takes half a mebibyte; the virtual machine itself grows by some.
            assertThat(residentKibibytes() - before).isLessThan(100 << 10);
        }
    }

    private static long residentKibibytes() throws IOException {
        try (var lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst()
                    .orElseThrow();
        }
    }

    /** A thread of the library's would have the name of the thread that it was started by. */
    @Test
    void theLibraryStartsNoThreads() throws Exception {
        Thread caller = new Thread(
                () -> {
                    try (FixedComputePool pool = FixedComputePool.create(1);
                            TensorArena arena = TensorArena.open("test");
                            OneDnnGemm gemm = new OneDnnGemm(pool, new ScratchPool(), TileSizes.tried())) {
                        Tensor a = normal(arena, SEED, 256, 512);
                        Tensor c = arena.allocate(256, 256);
                        gemm.multiply(Transpose.NO, Transpose.YES, 256, 256, 512, a, 512, a, 512, c, 256, false);
                        named.addAll(tasks());
                    }
                },
                "one-of-us");
        caller.start();
        caller.join();
        assertThat(named).containsOnlyOnce("one-of-us");
    }

    private static List<String> tasks() {
        try (var tasks = Files.list(Path.of("/proc/self/task"))) {
            return tasks.map(OneDnnGemmTest::name).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String name(Path task) {
        try {
            return Files.readString(task.resolve("comm")).strip();
        } catch (IOException ended) {
            return "";
        }
    }
}
