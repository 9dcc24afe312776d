package dev.troupe.model.bench.kernel;

import dev.troupe.model.bench.kernel.BenchCase.Work;
import dev.troupe.model.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/** Embedding, rotation, dropout, bias and residual: little arithmetic for each number moved. */
public final class PointwiseBench implements KernelSuite {
    private static final int ROWS = 1024;
    private static final int DIM = 768;
    private static final int VOCAB = 50_257;
    private static final int HEADS = 12;
    private static final int HEAD_DIM = 64;
    private static final long N = (long) ROWS * DIM;

    @Override
    public List<BenchCase> cases() {
        String shape = ROWS + "x" + DIM;
        double bytes = (double) N * Float.BYTES;
        return List.of(
                BenchCase.of("embedding gather", shape, Work.bytes(2 * bytes), (kernels, arena) -> {
                    Tensor table = arena.allocate(VOCAB, DIM);
                    Tensor out = arena.allocate(ROWS, DIM);
                    int[] tokens = indices(VOCAB);
                    return () -> kernels.embedding().gather(ROWS, DIM, tokens, table, out, false);
                }),
                BenchCase.of("embedding scatter", shape, Work.bytes(3 * bytes), (kernels, arena) -> {
                    Tensor dTable = arena.allocate(VOCAB, DIM);
                    Tensor dOut = BenchInputs.random(arena, ROWS, DIM);
                    int[] tokens = indices(VOCAB);
                    return () -> kernels.embedding().scatterAdd(ROWS, DIM, tokens, dOut, dTable);
                }),
                BenchCase.of("rotary", shape, Work.bytes(2 * bytes), (kernels, arena) -> {
                    Tensor x = BenchInputs.random(arena, ROWS, DIM);
                    Tensor table = BenchInputs.random(arena, ROWS, HEAD_DIM);
                    int[] positions = indices(ROWS);
                    return () -> kernels.rotary().rotate(ROWS, HEADS, HEAD_DIM, x, DIM, positions, table, false);
                }),
                BenchCase.of("dropout", shape, Work.bytes(2 * bytes), (kernels, arena) -> {
                    Tensor x = BenchInputs.random(arena, ROWS, DIM);
                    return () -> kernels.elementwise().dropout(N, 0.1f, 1, 2, x);
                }),
                BenchCase.of("residual add", shape, Work.bytes(3 * bytes), (kernels, arena) -> {
                    Tensor x = BenchInputs.random(arena, ROWS, DIM);
                    Tensor y = BenchInputs.random(arena, ROWS, DIM);
                    return () -> kernels.elementwise().add(N, x, y);
                }),
                BenchCase.of("bias backward", shape, Work.bytes(bytes), (kernels, arena) -> {
                    Tensor dy = BenchInputs.random(arena, ROWS, DIM);
                    Tensor dBias = arena.allocate(DIM);
                    return () -> kernels.elementwise().biasBackward(ROWS, DIM, dy, dBias);
                }));
    }

    /** Numbers below {@code limit}, spread. */
    private static int[] indices(int limit) {
        int[] indices = new int[ROWS];
        Arrays.setAll(indices, i -> (int) (i * 48_271L % limit));
        return indices;
    }
}
