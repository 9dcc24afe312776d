package dev.troupe.model.transformer;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.gemm.PackedMatrix;
import dev.troupe.model.kernel.gemm.Transpose;
import dev.troupe.model.kernel.quantized.PackedWeight;
import dev.troupe.model.kernel.quantized.PromptProduct;
import dev.troupe.model.kernel.quantized.PromptWeight;
import dev.troupe.model.kernel.quantized.Quantization;
import dev.troupe.model.layer.Affine;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.lang.foreign.MemorySegment;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A linear layer laid out for inference, and its bias. */
sealed interface ServedLinear {
    /** Outputs. */
    int n();

    /** Inputs. */
    int k();

    /** Bytes that one product reads of the matrix. */
    long bytes();

    /** Y[rows, n] = X[rows, k] · Wᵀ + bias (+ Y when {@code accumulate}). */
    void multiply(int rows, Tensor x, Tensor y, boolean accumulate);

    /** As {@link #multiply}, for rows of prompts. */
    void multiplyPrompt(int rows, Tensor x, Tensor y, boolean accumulate);

    /** Lays out a layer; {@code weights} are not needed afterwards. */
    static ServedLinear of(Affine weights, Kernels kernels, InferenceOptions options, TensorArena arena) {
        int n = weights.weight().dim(0);
        int k = weights.weight().dim(1);
        Tensor bias = copy(weights.bias(), arena);
        if (options.weights() == StorageType.F32 && options.prompts() == null) {
            return new Plain(kernels, kernels.gemm().pack(Transpose.YES, k, n, weights.weight(), k, arena), bias);
        }
        StorageType type = ServedWeights.fitting(options.weights(), k);
        try (TensorArena scratch = TensorArena.open("inference.rounding")) {
            MemorySegment rows = rounded(type, weights.weight(), scratch);
            PackedWeight packed = kernels.weightProduct().pack(type, n, k, rows, arena);
            PromptProduct prompts = options.prompts();
            return new Stored(kernels, prompts == null ? null : prompts.lay(packed, rows, arena), packed, bias);
        }
    }

    private static MemorySegment rounded(StorageType type, Tensor weight, TensorArena scratch) {
        MemorySegment from = weight.readOnlySegment();
        if (type == StorageType.F32) {
            return from;
        }
        int k = weight.dim(1);
        MemorySegment to = scratch.allocateBytes(weight.dim(0) * type.bytes(k));
        IntStream.range(0, weight.dim(0))
                .parallel()
                .forEach(row -> Quantization.write(
                        type, k, from.asSlice(row * 4L * k, 4L * k), to.asSlice(row * type.bytes(k), type.bytes(k))));
        return to;
    }

    /** A tensor of the arena's own with the same elements. */
    static @Nullable Tensor copy(@Nullable Tensor tensor, TensorArena arena) {
        if (tensor == null) {
            return null;
        }
        int[] shape = IntStream.range(0, tensor.rank()).map(tensor::dim).toArray();
        Tensor copy = arena.allocate(shape);
        copy.copyFrom(tensor);
        return copy;
    }

    /** Float32, or what the kernels' precision makes of it: the product of the training pass. */
    record Plain(
            Kernels kernels, PackedMatrix matrix, @Nullable Tensor bias) implements ServedLinear {
        @Override
        public int n() {
            return matrix.n();
        }

        @Override
        public int k() {
            return matrix.k();
        }

        @Override
        public long bytes() {
            return matrix.data().size() * Float.BYTES;
        }

        @Override
        public void multiply(int rows, Tensor x, Tensor y, boolean accumulate) {
            kernels.gemm().multiplyPacked(rows, x, k(), matrix, bias, y, n(), accumulate);
        }

        @Override
        public void multiplyPrompt(int rows, Tensor x, Tensor y, boolean accumulate) {
            multiply(rows, x, y, accumulate);
        }
    }

    /** In a type that is unpacked while it is multiplied. */
    record Stored(
            Kernels kernels,
            @Nullable PromptWeight prompts,
            PackedWeight weight,
            @Nullable Tensor bias) implements ServedLinear {
        @Override
        public int n() {
            return weight.n();
        }

        @Override
        public int k() {
            return weight.k();
        }

        @Override
        public long bytes() {
            return weight.data().byteSize();
        }

        @Override
        public void multiply(int rows, Tensor x, Tensor y, boolean accumulate) {
            kernels.weightProduct().multiply(rows, x, k(), weight, bias, y, n(), accumulate);
        }

        @Override
        public void multiplyPrompt(int rows, Tensor x, Tensor y, boolean accumulate) {
            if (prompts == null) {
                multiply(rows, x, y, accumulate);
            } else {
                prompts.multiply(rows, x, k(), bias, y, n(), accumulate);
            }
        }
    }
}
