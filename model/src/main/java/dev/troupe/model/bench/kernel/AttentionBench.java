package dev.troupe.model.bench.kernel;

import dev.troupe.model.bench.kernel.BenchCase.Work;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.attention.AttentionShape;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.util.List;
import java.util.stream.Stream;

/** Causal attention over whole sequences, forward and backward. */
public final class AttentionBench implements KernelSuite {
    @Override
    public List<BenchCase> cases() {
        return Stream.of(
                        cases(new AttentionShape(4, 4, 32), 12, 64),
                        cases(new AttentionShape(12, 12, 64), 4, 256),
                        cases(new AttentionShape(12, 12, 64), 1, 2048))
                .flatMap(List::stream)
                .toList();
    }

    private static List<BenchCase> cases(AttentionShape shape, int batch, int time) {
        String label = batch + "x" + time + ", " + shape.numHeads() + " heads of " + shape.headDim();
        // Two products over the causal half of the scores, forward; five backward.
        double pairs = batch * (double) shape.numHeads() * time * (time + 1) / 2;
        double forward = 2 * 2 * pairs * shape.headDim();
        return List.of(
                BenchCase.of("attention forward", label, Work.flops(forward), (kernels, arena) -> {
                    Pass pass = new Pass(shape, batch, time, arena);
                    return () -> pass.forward(kernels);
                }),
                BenchCase.of("attention backward", label, Work.flops(forward * 2.5), (kernels, arena) -> {
                    Pass pass = new Pass(shape, batch, time, arena);
                    pass.forward(kernels);
                    return () -> pass.backward(kernels);
                }));
    }

    /** The tensors of one layer. */
    private static final class Pass {
        private final AttentionShape shape;
        private final int batch;
        private final int time;
        private final Tensor qkv;
        private final Tensor out;
        private final Tensor logSumExp;
        private final Tensor dOut;
        private final Tensor dQkv;

        Pass(AttentionShape shape, int batch, int time, TensorArena arena) {
            int tokens = batch * time;
            this.shape = shape;
            this.batch = batch;
            this.time = time;
            this.qkv = BenchInputs.random(arena, tokens, shape.fusedWidth());
            this.out = arena.allocate(tokens, shape.queryWidth());
            this.logSumExp = arena.allocate(batch, shape.numHeads(), time);
            this.dOut = BenchInputs.random(arena, tokens, shape.queryWidth());
            this.dQkv = arena.allocate(tokens, shape.fusedWidth());
        }

        void forward(Kernels kernels) {
            kernels.attention().forward(shape, batch, time, qkv, out, logSumExp);
        }

        void backward(Kernels kernels) {
            kernels.attention().backward(shape, batch, time, qkv, out, logSumExp, dOut, dQkv);
        }
    }
}
