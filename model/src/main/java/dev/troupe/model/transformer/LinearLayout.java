package dev.troupe.model.transformer;

import dev.troupe.model.TroupeException;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.gemm.Transpose;
import dev.troupe.model.kernel.quantized.PackedWeight;
import dev.troupe.model.kernel.quantized.PromptProduct;
import dev.troupe.model.kernel.quantized.RoundedProduct;
import dev.troupe.model.tensor.LayoutMemory;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Lays stored matrices out as their products read them: directly from the rows of the file where the type stays, else
 * rounded anew, a matrix at a time.
 */
record LinearLayout(Kernels kernels, InferenceOptions options, TensorArena arena, TensorArena scratch) {
    /**
     * One product with all {@code parts}, one above the other: a single one where they are of one type.
     *
     * @param bias [n of all parts], in the arena
     * @param memory where a product that begins with part {@code i} is laid out
     */
    ServedLinear lay(List<StoredTensor> parts, @Nullable Tensor bias, IntFunction<LayoutMemory> memory) {
        List<ServedLinear> products = new ArrayList<>();
        int n = 0;
        for (int from = 0; from < parts.size(); ) {
            int end = from + 1;
            while (end < parts.size() && target(parts.get(end)) == target(parts.get(from))) {
                end++;
            }
            List<StoredTensor> run = parts.subList(from, end);
            int rows = run.stream().mapToInt(StoredTensor::rows).sum();
            products.add(one(run, rows, bias == null ? null : bias.view(n, rows), memory.apply(from)));
            n += rows;
            from = end;
        }
        return products.size() == 1 ? products.getFirst() : new JoinedLinear(products, n);
    }

    /** Whether a matrix is multiplied by rounded products in the type that it is stored in. */
    boolean keepsBlocks(StoredTensor part) {
        return target(part) == part.type() && options.rounded(part.type()) != null;
    }

    /** The type that a matrix gets. */
    StorageType target(StoredTensor part) {
        return target(options.weights(), kernels.precision(), part.type(), part.columns());
    }

    /**
     * The type that a matrix gets which is stored in {@code stored}, with rows of {@code k} numbers.
     *
     * @param wanted null for the stored one
     */
    static StorageType target(@Nullable StorageType wanted, Precision precision, StorageType stored, int k) {
        if (wanted == null) {
            // Kernels that round operands themselves take float32.
            return precision == Precision.FP32 ? stored : StorageType.F32;
        }
        return wanted == StorageType.F32 ? wanted : ServedWeights.fitting(wanted, k);
    }

    private ServedLinear one(List<StoredTensor> parts, int n, @Nullable Tensor bias, LayoutMemory memory) {
        StoredRows rows = new StoredRows(target(parts.getFirst()), parts);
        int k = rows.k();
        PromptProduct prompts = options.prompts();
        RoundedProduct rounded = options.rounded(rows.type());
        if (rows.type() == StorageType.F32 && prompts == null && rounded == null) {
            Tensor floats = scratch.allocate(n, k);
            rows.writeTo(floats.segment());
            return new ServedLinear.Plain(kernels, kernels.gemm().pack(Transpose.YES, k, n, floats, k, arena), bias);
        }
        try {
            if (rounded != null) {
                return new ServedLinear.Rounded(n, k, rows.type(), rounded.lay(rows, memory), bias);
            }
            PackedWeight packed = kernels.weightProduct().pack(rows, memory);
            return new ServedLinear.Stored(
                    kernels, prompts == null ? null : prompts.lay(packed, rows, memory), packed, bias);
        } catch (IllegalArgumentException e) { // a number that is not finite
            throw new TroupeException(parts.getFirst().name() + " cannot be used: " + e.getMessage(), e);
        }
    }
}
