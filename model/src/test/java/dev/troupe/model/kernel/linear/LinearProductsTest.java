package dev.troupe.model.kernel.linear;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.TestedProviders;
import dev.troupe.model.kernel.gemm.Transpose;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.sampling.CounterRandom;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Operands and weights of every provider: copies are never stale, and bits depend on nothing but the numbers. */
public class LinearProductsTest {
    private static final long SEED = 77;
    private static final int ROWS = 150;
    private static final int IN = 96;
    private static final int OUT = 200;

    static Stream<String> backends() {
        return TestedProviders.names().stream();
    }

    private static Tensor random(TensorArena arena, long stream, int rows, int columns) {
        Tensor tensor = arena.allocate(rows, columns);
        for (long i = 0; i < tensor.size(); i++) {
            tensor.set(i, (float) CounterRandom.normal(SEED, stream, i));
        }
        return tensor;
    }

    private static float[] forward(LinearProducts linear, int rows, Operand x, LinearWeight w, TensorArena arena) {
        Tensor y = arena.allocate(rows, w.out());
        linear.forward(rows, x, w, null, null, y);
        return y.toArray();
    }

    private static float[] inputGradient(
            LinearProducts linear, int rows, Operand dy, LinearWeight w, TensorArena arena) {
        Tensor dx = arena.allocate(rows, w.in());
        linear.inputGradient(rows, dy, w, dx);
        return dx.toArray();
    }

    private static Operand stored(LinearProducts linear, int rows, Tensor numbers, TensorArena arena) {
        Operand operand = linear.operand(rows, numbers.dim(1), arena);
        linear.store(rows, numbers, operand);
        return operand;
    }

    @ParameterizedTest
    @MethodSource("backends")
    void aWeightThatChangesIsSeenByTheNextProduct(String backend) {
        try (TensorArena arena = TensorArena.open("test");
                FixedComputePool pool = FixedComputePool.create(2)) {
            LinearProducts linear =
                    TestedProviders.assumed(backend).create(pool).linear();
            Tensor matrix = random(arena, 1, OUT, IN);
            WeightVersion version = new WeightVersion();
            LinearWeight w = linear.weight(matrix, version, true, arena);
            Operand x = stored(linear, ROWS, random(arena, 2, ROWS, IN), arena);
            Operand dy = stored(linear, ROWS, random(arena, 3, ROWS, OUT), arena);
            float[] y = forward(linear, ROWS, x, w, arena);
            float[] dx = inputGradient(linear, ROWS, dy, w, arena);
            assertThat(forward(linear, ROWS, x, w, arena)).isEqualTo(y); // of the copy that is there
            assertThat(inputGradient(linear, ROWS, dy, w, arena)).isEqualTo(dx);

            matrix.set(5, matrix.get(5) + 3);
            version.advance();
            LinearWeight fresh = linear.weight(matrix, new WeightVersion(), true, arena);
            float[] changed = forward(linear, ROWS, x, w, arena);
            assertThat(changed).isNotEqualTo(y).isEqualTo(forward(linear, ROWS, x, fresh, arena));
            float[] changedGradient = inputGradient(linear, ROWS, dy, w, arena);
            assertThat(changedGradient).isNotEqualTo(dx).isEqualTo(inputGradient(linear, ROWS, dy, fresh, arena));
        }
    }

    /**
     * The bits of a row are those of {@code Gemm}, which rounds at each product, in any company and with any threads.
     */
    @ParameterizedTest
    @MethodSource("backends")
    void productsHaveTheBitsOfThoseOfTensors(String backend) {
        try (TensorArena arena = TensorArena.open("test");
                FixedComputePool one = FixedComputePool.create(1);
                FixedComputePool three = FixedComputePool.create(3)) {
            Tensor matrix = random(arena, 1, OUT, IN);
            Tensor x = random(arena, 2, ROWS, IN);
            Tensor dy = random(arena, 3, ROWS, OUT);
            Kernels kernels = TestedProviders.assumed(backend).create(one);
            Tensor y = arena.allocate(ROWS, OUT);
            Tensor dx = arena.allocate(ROWS, IN);
            Tensor dw = arena.allocate(OUT, IN);
            Transpose no = Transpose.NO;
            Transpose yes = Transpose.YES;
            kernels.gemm().multiply(no, yes, ROWS, OUT, IN, x, IN, matrix, IN, y, OUT, false);
            kernels.gemm().multiply(no, no, ROWS, IN, OUT, dy, OUT, matrix, IN, dx, IN, false);
            kernels.gemm().multiply(yes, no, OUT, IN, ROWS, dy, OUT, x, IN, dw, IN, false);
            for (FixedComputePool pool : List.of(one, three)) {
                LinearProducts linear =
                        TestedProviders.assumed(backend).create(pool).linear();
                LinearWeight w = linear.weight(matrix, new WeightVersion(), true, arena);
                for (int rows : new int[] {1, 3, 64, 65, ROWS}) {
                    Operand someX = stored(linear, rows, x, arena);
                    Operand someDy = stored(linear, rows, dy, arena);
                    assertThat(forward(linear, rows, someX, w, arena))
                            .as("%d rows", rows)
                            .isEqualTo(Arrays.copyOf(y.toArray(), rows * OUT));
                    assertThat(inputGradient(linear, rows, someDy, w, arena))
                            .isEqualTo(Arrays.copyOf(dx.toArray(), rows * IN));
                }
                Tensor gradient = arena.allocate(OUT, IN);
                Operand allDy = stored(linear, ROWS, dy, arena);
                linear.weightGradient(ROWS, allDy, stored(linear, ROWS, x, arena), gradient, false, null);
                assertThat(gradient.toArray()).isEqualTo(dw.toArray());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("backends")
    void refusesWhatIsNotItsOwnOrIsGone(String backend) {
        try (TensorArena arena = TensorArena.open("test");
                FixedComputePool pool = FixedComputePool.create(1)) {
            LinearProducts linear =
                    TestedProviders.assumed(backend).create(pool).linear();
            LinearWeight w = linear.weight(random(arena, 1, OUT, IN), new WeightVersion(), false, arena);
            Operand x = stored(linear, 2, random(arena, 2, 2, IN), arena);
            Operand foreign = new Operand() {
                @Override
                public int columns() {
                    return IN;
                }

                @Override
                public Tensor target(Tensor staging) {
                    return staging;
                }
            };
            Tensor y = arena.allocate(2, OUT);
            assertThatThrownBy(() -> linear.forward(2, foreign, w, null, null, y))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("another provider");
            assertThatThrownBy(() -> linear.forward(3, x, w, null, null, arena.allocate(3, OUT)))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> linear.forward(2, x, w, null, null, arena.allocate(1, OUT)))
                    .isInstanceOf(IllegalArgumentException.class);
            Operand closed = inClosedArena(linear);
            assertThatThrownBy(() -> linear.forward(2, closed, w, null, null, y))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("closed");
        }
    }

    private static Operand inClosedArena(LinearProducts linear) {
        try (TensorArena gone = TensorArena.open("test")) {
            return stored(linear, 2, random(gone, 2, 2, IN), gone);
        }
    }

    /** Where a processor has products in bf16, what is kept of a step takes half the memory. */
    @ParameterizedTest
    @MethodSource("backends")
    void operandsInBf16TakeHalfTheMemory(String backend) {
        boolean halves = backend.startsWith("onednn");
        try (TensorArena arena = TensorArena.open("test");
                FixedComputePool pool = FixedComputePool.create(1)) {
            LinearProducts linear =
                    TestedProviders.assumed(backend).create(pool).linear();
            linear.operand(4096, 1536, arena);
            double ofFloats = arena.bytes() / (4096.0 * 1536 * Float.BYTES);
            if (halves) {
                assertThat(ofFloats).isBetween(0.5, 0.53); // rows that would crowd in the cache are longer
            } else {
                assertThat(ofFloats).isEqualTo(1);
            }
        }
    }
}
