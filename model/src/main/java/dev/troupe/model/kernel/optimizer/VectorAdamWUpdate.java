package dev.troupe.model.kernel.optimizer;

import static dev.troupe.model.kernel.KernelArguments.requireRange;
import static dev.troupe.model.kernel.KernelArguments.requireSize;
import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.SPECIES;
import static dev.troupe.model.kernel.vector.Lanes.first;
import static dev.troupe.model.kernel.vector.Lanes.load;
import static dev.troupe.model.kernel.vector.Lanes.store;

import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.vector.Ranges;
import dev.troupe.model.tensor.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** One pass: every element of weight, gradient and moments is read once and written once. */
public final class VectorAdamWUpdate implements AdamWUpdate {
    private static final int GRAIN_ELEMENTS = 16384;

    private final ComputePool pool;

    public VectorAdamWUpdate(ComputePool pool) {
        this.pool = pool;
    }

    @Override
    public void update(
            Step step, long from, long to, Tensor weights, Tensor gradients, Tensor moment1, Tensor moment2) {
        requireRange(from, to);
        requireSize("weights", weights, to);
        requireSize("gradients", gradients, to);
        requireSize("moment1", moment1, to);
        requireSize("moment2", moment2, to);
        Factors factors = Factors.of(step);
        long w = weights.address();
        long g = gradients.address();
        long m = moment1.address();
        long v = moment2.address();
        Ranges.share(pool, to - from, GRAIN_ELEMENTS, (a, b) -> range(from + a, from + b, factors, w, g, m, v));
    }

    private static void range(long from, long to, Factors factors, long w, long g, long m, long v) {
        long i = from;
        for (; i + LANES <= to; i += LANES) {
            whole(factors, w + i * 4, g + i * 4, m + i * 4, v + i * 4);
        }
        if (i < to) {
            part(first(to - i), factors, w + i * 4, g + i * 4, m + i * 4, v + i * 4);
        }
    }

    /**
     * The step's numbers in float32, as few operations per element as can be: the bias corrections are moved out of the
     * square root and into the rate.
     *
     * @param rate learning rate / (1 - beta1^step)
     * @param spread 1 / sqrt(1 - beta2^step)
     */
    private record Factors(
            float gradient,
            float beta1,
            float rest1,
            float beta2,
            float rest2,
            float keep,
            float rate,
            float spread,
            float epsilon) {
        static Factors of(Step step) {
            double correction1 = 1 - Math.pow(step.beta1(), (double) step.step());
            double correction2 = 1 - Math.pow(step.beta2(), (double) step.step());
            return new Factors(
                    (float) step.gradientScale(),
                    (float) step.beta1(),
                    (float) (1 - step.beta1()),
                    (float) step.beta2(),
                    (float) (1 - step.beta2()),
                    (float) (1 - step.learningRate() * step.weightDecay()),
                    (float) (step.learningRate() / correction1),
                    (float) (1 / Math.sqrt(correction2)),
                    (float) step.epsilon());
        }
    }

    private static void whole(Factors f, long weight, long gradient, long moment1, long moment2) {
        FloatVector g = load(gradient).mul(f.gradient);
        FloatVector m = load(moment1).mul(f.beta1).add(g.mul(f.rest1));
        FloatVector v = load(moment2).mul(f.beta2).add(g.mul(g).mul(f.rest2));
        store(m, moment1);
        store(v, moment2);
        FloatVector change = m.div(v.sqrt().fma(constant(f.spread), constant(f.epsilon)));
        FloatVector kept = load(weight).mul(f.keep);
        store(change.fma(constant(-f.rate), kept), weight);
    }

    /** The same for the lanes of a mask, at the end of a range. */
    private static void part(
            VectorMask<Float> used, Factors f, long weight, long gradient, long moment1, long moment2) {
        FloatVector g = load(gradient, used).mul(f.gradient);
        FloatVector m = load(moment1, used).mul(f.beta1).add(g.mul(f.rest1));
        FloatVector v = load(moment2, used).mul(f.beta2).add(g.mul(g).mul(f.rest2));
        store(m, moment1, used);
        store(v, moment2, used);
        FloatVector change = m.div(v.sqrt().fma(constant(f.spread), constant(f.epsilon)));
        FloatVector kept = load(weight, used).mul(f.keep);
        store(change.fma(constant(-f.rate), kept), weight, used);
    }

    private static FloatVector constant(float value) {
        return FloatVector.broadcast(SPECIES, value);
    }
}
