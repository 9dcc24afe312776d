package dev.troupe.model.transformer;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.gemm.PackedMatrix;
import dev.troupe.model.kernel.quantized.PackedWeight;
import dev.troupe.model.kernel.quantized.PromptWeight;
import dev.troupe.model.kernel.quantized.RoundedWeight;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** A linear layer laid out for inference, and its bias. */
sealed interface ServedLinear permits ServedLinear.Plain, ServedLinear.Rounded, ServedLinear.Stored, JoinedLinear {
    /** Outputs. */
    int n();

    /** Inputs. */
    int k();

    /** What the matrix is stored as. */
    StorageType type();

    /** Bytes that one product reads of the matrix. */
    long bytes();

    /** Y[rows, n] = X[rows, k] · Wᵀ + bias (+ Y when {@code accumulate}), with rows of Y {@code stride} apart. */
    void multiply(int rows, Tensor x, Tensor y, int stride, boolean accumulate);

    /** As {@link #multiply}, for rows of prompts. */
    void multiplyPrompt(int rows, Tensor x, Tensor y, int stride, boolean accumulate);

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
        public StorageType type() {
            return StorageType.F32;
        }

        @Override
        public long bytes() {
            return matrix.data().size() * Float.BYTES;
        }

        @Override
        public void multiply(int rows, Tensor x, Tensor y, int stride, boolean accumulate) {
            kernels.gemm().multiplyPacked(rows, x, k(), matrix, bias, y, stride, accumulate);
        }

        @Override
        public void multiplyPrompt(int rows, Tensor x, Tensor y, int stride, boolean accumulate) {
            multiply(rows, x, y, stride, accumulate);
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
        public StorageType type() {
            return weight.type();
        }

        @Override
        public long bytes() {
            return weight.data().byteSize();
        }

        @Override
        public void multiply(int rows, Tensor x, Tensor y, int stride, boolean accumulate) {
            kernels.weightProduct().multiply(rows, x, k(), weight, bias, y, stride, accumulate);
        }

        @Override
        public void multiplyPrompt(int rows, Tensor x, Tensor y, int stride, boolean accumulate) {
            if (prompts == null) {
                multiply(rows, x, y, stride, accumulate);
            } else {
                prompts.multiply(rows, x, k(), bias, y, stride, accumulate);
            }
        }
    }

    /** Multiplied with rounded activations. */
    record Rounded(
            int n,
            int k,
            StorageType type,
            RoundedWeight weight,
            @Nullable Tensor bias) implements ServedLinear {
        @Override
        public long bytes() {
            return weight.bytes();
        }

        @Override
        public void multiply(int rows, Tensor x, Tensor y, int stride, boolean accumulate) {
            weight.product().multiply(rows, x, k, bias, y, stride, accumulate);
        }

        @Override
        public void multiplyPrompt(int rows, Tensor x, Tensor y, int stride, boolean accumulate) {
            weight.prompts().multiply(rows, x, k, bias, y, stride, accumulate);
        }
    }
}
