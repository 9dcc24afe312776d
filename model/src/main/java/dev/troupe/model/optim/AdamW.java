package dev.troupe.model.optim;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.optimizer.AdamWUpdate;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.ParameterSpec;
import dev.troupe.model.transformer.Parameters;
import java.util.ArrayList;
import java.util.List;

/** AdamW with decoupled weight decay (arXiv:1711.05101) over the range of parameters that a state covers. */
public final class AdamW {
    /** Elements that are updated before the moments in a file are forgotten. */
    public static final int OFFLOAD_CHUNK = 1 << 22;

    private static final double CLIP_EPSILON = 1e-6; // as PyTorch's clip_grad_norm_

    /** Neighbouring parameters that decay alike: [from, to) of the flat tensor. */
    private record Run(long from, long to, boolean decay) {}

    private final AdamWOptions options;
    private final Kernels kernels;
    private final List<Run> runs;

    public AdamW(AdamWOptions options, Kernels kernels, ParameterLayout layout) {
        this.options = options;
        this.kernels = kernels;
        this.runs = runs(layout);
    }

    /**
     * Takes one step: weights and moments of [state.from, state.to) change, the gradients do not.
     *
     * @param gradientScale multiplies the gradients first; see {@link #clipScale}
     */
    public void step(
            OptimizerState state, Parameters weights, Parameters gradients, double learningRate, double gradientScale) {
        long from = state.from();
        int length = Math.toIntExact(state.to() - from);
        Tensor w = weights.flat().view(from, length);
        Tensor g = gradients.flat().view(from, length);
        state.setStep(state.step() + 1);
        AdamWUpdate.Step decayed = kernelStep(state.step(), learningRate, true, gradientScale);
        AdamWUpdate.Step undecayed = kernelStep(state.step(), learningRate, false, gradientScale);
        for (Run run : runs) {
            long start = Math.max(run.from(), from);
            long end = Math.min(run.to(), state.to());
            int chunk = state.isOffloaded() ? OFFLOAD_CHUNK : Integer.MAX_VALUE;
            for (long at = start; at < end; at += chunk) {
                long chunkEnd = Math.min(end, at + chunk);
                kernels.adamW()
                        .update(
                                run.decay() ? decayed : undecayed,
                                at - from,
                                chunkEnd - from,
                                w,
                                g,
                                state.moment1(),
                                state.moment2());
                state.forget(at, chunkEnd);
            }
        }
    }

    /** The updates of the shard that {@code state} has the moments of. */
    public ShardUpdate shard(OptimizerState state, Parameters weights, Parameters gradients) {
        return order -> {
            step(state, weights, gradients, order.learningRate(), gradientScale(order));
            return state.step();
        };
    }

    /** Sum of squares of the gradients of [from, to), for the norm; shards add theirs in order of their ranges. */
    public double sumOfSquares(long from, long to, Parameters gradients) {
        return kernels.elementwise().sumOfSquares(from, to, gradients.flat());
    }

    /** The factor that brings a gradient of this L2 norm down to the clip norm, at most 1. */
    public double clipScale(double norm) {
        return options.clipNorm() == 0 ? 1 : Math.min(1, options.clipNorm() / (norm + CLIP_EPSILON));
    }

    /** What gradients are multiplied with before an update: clipped, and without the loss scale. */
    public double gradientScale(UpdateOrder order) {
        return clipScale(order.gradientNorm()) / order.lossScale();
    }

    public AdamWOptions options() {
        return options;
    }

    /**
     * The numbers of a step, for who calls the kernel.
     *
     * @param step from 1
     * @param decay whether weights decay
     */
    public AdamWUpdate.Step kernelStep(long step, double learningRate, boolean decay, double gradientScale) {
        return new AdamWUpdate.Step(
                step,
                learningRate,
                options.beta1(),
                options.beta2(),
                options.epsilon(),
                decay ? options.weightDecay() : 0,
                gradientScale);
    }

    private static List<Run> runs(ParameterLayout layout) {
        List<Run> runs = new ArrayList<>();
        for (ParameterSpec spec : layout.specs()) {
            if (!runs.isEmpty() && runs.getLast().decay() == spec.decay()) {
                runs.add(new Run(runs.removeLast().from(), spec.end(), spec.decay()));
            } else {
                runs.add(new Run(spec.offset(), spec.end(), spec.decay()));
            }
        }
        return List.copyOf(runs);
    }
}
