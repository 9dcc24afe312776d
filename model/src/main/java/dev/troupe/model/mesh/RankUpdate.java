package dev.troupe.model.mesh;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.optimizer.AdamWUpdate;
import dev.troupe.model.mesh.RankLayout.OwnedPiece;
import dev.troupe.model.mesh.ShardPlan.Slice;
import dev.troupe.model.optim.AdamW;
import dev.troupe.model.optim.ShardUpdate;
import dev.troupe.model.optim.UpdateOrder;
import dev.troupe.model.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * The end of a step on a rank: its share of the gradient's norm, and AdamW over its slices.
 *
 * <p>The norm is summed parameter by parameter in order of the model, each in float64 by one rank that holds it, so a
 * pipeline gets the bits of a single stage.
 */
final class RankUpdate implements ShardUpdate {
    /**
     * What this rank updates of a parameter.
     *
     * @param counts whether this rank's gradients count in the norm: one of all that hold the same does
     */
    private record Piece(
            boolean decay,
            boolean counts,
            long shardOffset,
            Tensor weights,
            Tensor gradients,
            Tensor moment1,
            Tensor moment2) {}

    private final RankState state;
    private final AdamW adamW;
    private final Kernels kernels;
    private final List<Piece> pieces = new ArrayList<>();

    /** The update of the rank that has this state. */
    RankUpdate(RankState state, AdamW adamW, Kernels kernels) {
        this.state = state;
        this.adamW = adamW;
        this.kernels = kernels;
        for (OwnedPiece owned : state.rankLayout().pieces()) {
            Slice slice = owned.slice();
            long from = owned.sliceOffset();
            int length = owned.length();
            pieces.add(new Piece(
                    owned.spec().decay(),
                    owned.first(),
                    owned.shardOffset(),
                    state.ownWeights(slice).view(from, length),
                    state.ownGradients(slice).view(from, length),
                    state.moment1(slice).view(from, length),
                    state.moment2(slice).view(from, length)));
        }
    }

    /** This rank's sums of squares, one for each piece of a parameter, for the norm. */
    double[] sumsOfSquares() {
        double[] sums = new double[pieces.size()];
        for (int i = 0; i < sums.length; i++) {
            Piece piece = pieces.get(i);
            if (piece.counts()) {
                Tensor gradients = piece.gradients();
                sums[i] = kernels.elementwise().sumOfSquares(0, gradients.size(), gradients);
            }
        }
        return sums;
    }

    @Override
    public long update(UpdateOrder order) {
        double learningRate = order.learningRate();
        state.setStep(state.step() + 1);
        double scale = adamW.gradientScale(order);
        AdamWUpdate.Step decayed = adamW.kernelStep(state.step(), learningRate, true, scale);
        AdamWUpdate.Step undecayed = adamW.kernelStep(state.step(), learningRate, false, scale);
        for (Piece piece : pieces) {
            update(piece, piece.decay() ? decayed : undecayed);
        }
        return state.step();
    }

    private void update(Piece piece, AdamWUpdate.Step step) {
        long size = piece.weights().size();
        int chunk = state.isOffloaded() ? AdamW.OFFLOAD_CHUNK : Integer.MAX_VALUE;
        for (long at = 0; at < size; at += chunk) {
            long end = Math.min(size, at + chunk);
            kernels.adamW().update(step, at, end, piece.weights(), piece.gradients(), piece.moment1(), piece.moment2());
            state.forgetMoments(piece.shardOffset() + at, piece.shardOffset() + end);
        }
    }
}
