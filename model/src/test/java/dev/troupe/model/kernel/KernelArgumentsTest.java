package dev.troupe.model.kernel;

import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import dev.troupe.model.kernel.attention.AttentionShape;
import dev.troupe.model.kernel.attention.KvBlocks;
import dev.troupe.model.kernel.gemm.Transpose;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A wrong shape ends as an exception at the entry of a kernel, never as a crash of the virtual machine. */
public class KernelArgumentsTest {
    static List<String> providers() {
        return TestedProviders.names();
    }

    @ParameterizedTest
    @MethodSource("providers")
    void wrongSizesThrow(String provider) {
        try (FixedComputePool pool = FixedComputePool.create(1);
                TensorArena arena = TensorArena.open("test")) {
            Kernels k = TestedProviders.assumed(provider).create(pool);
            Tensor small = arena.allocate(4);
            Tensor big = arena.allocate(64, 64);
            assertThatIllegalArgumentException()
                    .isThrownBy(() ->
                            k.gemm().multiply(Transpose.NO, Transpose.NO, 8, 8, 8, big, 64, big, 64, small, 8, false))
                    .withMessageContaining("c has 4 elements");
            assertThatIllegalArgumentException()
                    .isThrownBy(() ->
                            k.gemm().multiply(Transpose.NO, Transpose.NO, 8, 8, 8, big, 4, big, 64, big, 64, false));
            assertThatIllegalArgumentException().isThrownBy(() -> k.activation().geluForward(5, big, small));
            assertThatIllegalArgumentException().isThrownBy(() -> k.activation().geluForward(-1, big, small));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> k.crossEntropy().forward(1, 4, big, new int[] {4}, small))
                    .withMessageContaining("targets[0] = 4");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> k.embedding().gather(1, 64, new int[] {64}, big, big, false));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> k.normalization().rmsForward(8, 8, 0, big, small, big, big));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> k.rotary().rotate(1, 2, 8, big, 16, new int[] {512}, big, false));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> k.elementwise().dropout(4, 1, 1, 1, big));
            AttentionShape shape = new AttentionShape(2, 1, 8);
            assertThatIllegalArgumentException().isThrownBy(() -> k.attention().forward(shape, 2, 8, big, small, big));
            KvBlocks blocks = new KvBlocks(shape, 2, arena);
            assertThatIllegalArgumentException()
                    .isThrownBy(() ->
                            k.attention().cachedForward(blocks, 1, big, new int[] {16}, new int[][] {{0, 2}}, big));
        }
    }

    @ParameterizedTest
    @MethodSource("providers")
    void tensorsOfAClosedArenaThrow(String provider) {
        try (FixedComputePool pool = FixedComputePool.create(1)) {
            Kernels k = TestedProviders.assumed(provider).create(pool);
            Tensor closed;
            try (TensorArena arena = TensorArena.open("test")) {
                closed = arena.allocate(8);
            }
            assertThatThrownBy(() -> k.elementwise().add(8, closed, closed)).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void unknownBackendNamesTheKnownOnes() {
        assertThatThrownBy(() -> KernelProviders.select("abacus"))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("abacus")
                .hasMessageContaining("\"scalar\"")
                .hasMessageContaining("\"vector\"");
    }
}
