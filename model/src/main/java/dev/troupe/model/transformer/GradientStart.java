package dev.troupe.model.transformer;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.layer.Affine;
import dev.troupe.model.layer.BlockParts;
import dev.troupe.model.tensor.Tensor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The gradients that a backward pass does not overwrite: all but those of the weight matrices, which are results of
 * products. Zeroing everything would write each gradient once more and make the products read it.
 */
final class GradientStart {
    private record Gap(long from, long to) {}

    private final Tensor flat;
    private final Kernels kernels;
    private final List<Gap> gaps = new ArrayList<>();

    /**
     * The gaps between the matrices of a stage.
     *
     * @param parts the same gradients by layer
     */
    GradientStart(StageRange range, PartBinding parts, Parameters gradients, Kernels kernels) {
        this.flat = gradients.flat();
        this.kernels = kernels;
        List<Tensor> matrices = new ArrayList<>();
        for (int layer = range.firstLayer(); layer < range.endLayer(); layer++) {
            BlockParts block = parts.block(layer);
            for (Affine linear : List.of(block.qkv(), block.attentionOut(), block.up(), block.down())) {
                matrices.add(linear.weight());
            }
        }
        if (range.hasHead()) {
            matrices.add(parts.head());
        }
        matrices.sort(Comparator.comparingLong(Tensor::address));
        long at = 0;
        for (Tensor matrix : matrices) {
            long start = (matrix.address() - flat.address()) / Float.BYTES;
            addGap(at, start);
            at = start + matrix.size();
        }
        addGap(at, gradients.layout().size());
    }

    private void addGap(long from, long to) {
        if (from < to) {
            gaps.add(new Gap(from, to));
        }
    }

    void zeroOthers() {
        for (Gap gap : gaps) {
            kernels.elementwise().zero(gap.from(), gap.to(), flat);
        }
    }
}
