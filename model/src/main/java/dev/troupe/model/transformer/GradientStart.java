package dev.troupe.model.transformer;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.transformer.ParameterLayout.Part;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The gradients that a backward pass does not overwrite: all but those of the weight matrices, which are results of
 * products. Zeroing everything would write each gradient once more and make the products read it.
 */
final class GradientStart {
    private record Range(long from, long to) {}

    private final Tensor flat;
    private final Kernels kernels;
    private final List<@Nullable Range> ranges = new ArrayList<>(); // of each part

    /**
     * Finds them.
     *
     * @param tableIsOverwritten whether the head's product overwrites the token table's gradients, before the embedding
     *     adds to them
     */
    GradientStart(Parameters gradients, boolean tableIsOverwritten, Kernels kernels) {
        this.flat = gradients.flat();
        this.kernels = kernels;
        for (Part part : gradients.layout().parts()) {
            ranges.add(
                    switch (part.kind()) {
                        case TABLE -> tableIsOverwritten ? null : new Range(part.from(), part.to());
                        case POSITIONS, FINAL_NORM -> new Range(part.from(), part.to());
                        case BLOCK -> vectors(part);
                        case HEAD -> null;
                    });
        }
    }

    /** A block's vectors come after its matrices. */
    private static @Nullable Range vectors(Part block) {
        for (ParameterSpec spec : block.specs()) {
            if (spec.shape().size() == 1) {
                return new Range(spec.offset(), block.to());
            }
        }
        return null;
    }

    void zeroOthers() {
        for (int part = 0; part < ranges.size(); part++) {
            zeroOthers(part);
        }
    }

    void zeroOthers(int part) {
        Range range = ranges.get(part);
        if (range != null) {
            kernels.elementwise().zero(range.from(), range.to(), flat);
        }
    }
}
