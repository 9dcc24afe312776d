package dev.troupe.model.kernel.check;

import dev.troupe.model.kernel.Kernels;
import java.util.List;

/** The contracts of all operations; a new operation adds its own. */
public final class KernelContracts {
    /** One for each interface of {@link dev.troupe.model.kernel.Kernels}. */
    public static final List<OperationContract<Kernels>> ALL = List.of(
            new GemmContract(),
            new LinearContract(),
            new WeightProductContract(),
            new NormalizationContract(),
            new AttentionContract(),
            new RotaryContract(),
            new ActivationContract(),
            new CrossEntropyContract(),
            new EmbeddingContract(),
            new AdamWContract(),
            new ElementwiseContract());

    private KernelContracts() {}
}
