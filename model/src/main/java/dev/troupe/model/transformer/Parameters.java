package dev.troupe.model.transformer;

import dev.troupe.model.TroupeException;
import dev.troupe.model.sampling.CounterRandom;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** A flat tensor with a layout: a model's weights, or their gradients. The arena owns the memory. */
public final class Parameters implements StoredWeights {
    private static final int DRAWN_AT_ONCE = 1024;

    private final ParameterLayout layout;
    private final Tensor flat;
    private final AtomicLong changes = new AtomicLong();

    private Parameters(ParameterLayout layout, Tensor flat) {
        this.layout = layout;
        this.flat = flat;
    }

    /**
     * Zeroed parameters.
     *
     * @throws TroupeException when there are more than a tensor can index
     */
    public static Parameters allocate(ParameterLayout layout, TensorArena arena) {
        if (layout.size() > Integer.MAX_VALUE) {
            throw new TroupeException("the model has " + layout.size() + " parameters, but one process holds at most "
                    + Integer.MAX_VALUE + ": split it into pipeline stages");
        }
        return new Parameters(layout, arena.allocate((int) layout.size()));
    }

    /** Every parameter, [layout.size()]. */
    public Tensor flat() {
        changes.incrementAndGet();
        return flat;
    }

    public ParameterLayout layout() {
        return layout;
    }

    /** The view of one parameter. */
    public Tensor get(String name) {
        changes.incrementAndGet();
        ParameterSpec spec = layout.spec(name);
        return flat.view(spec.offset(), toShape(spec.shape()));
    }

    @Override
    public StoredTensor get(String name, TensorArena scratch) {
        Tensor tensor = get(name);
        int columns = tensor.dim(tensor.rank() - 1);
        int rows = tensor.rank() == 1 ? 1 : tensor.dim(0);
        return new StoredTensor(name, StorageType.F32, rows, columns, tensor.readOnlySegment());
    }

    @Override
    public StorageType type(String name) {
        return StorageType.F32;
    }

    /**
     * How often a tensor was handed out, through which parameters may have been changed, or all were drawn anew: who
     * keeps a copy makes it again when this number is another. What is written later through a tensor that was handed
     * out before is not seen.
     */
    public long changes() {
        return changes.get();
    }

    /** One view of parameters that are neighbours in this order, joined along their first dimension. */
    Tensor joined(List<String> names) {
        ParameterSpec first = layout.spec(names.getFirst());
        int[] shape = toShape(first.shape());
        long end = first.end();
        for (String name : names.subList(1, names.size())) {
            ParameterSpec next = layout.spec(name);
            if (next.offset() != end) {
                throw new IllegalStateException(name + " does not follow the parameters before it in " + names);
            }
            shape[0] += next.shape().getFirst();
            end = next.end();
        }
        return flat.view(first.offset(), shape);
    }

    /**
     * Draws every parameter anew: GPT-2's scheme as nanoGPT has it. Each element is a function of (seed, name, index),
     * so a pipeline stage or a tensor shard starts with the same numbers as the whole model.
     */
    public void initialize(long seed) {
        initialize(layout.specs(), seed);
    }

    /** Draws some of them anew: those of a part, where parts share memory. */
    public void initialize(List<ParameterSpec> specs, long seed) {
        changes.incrementAndGet();
        specs.parallelStream().forEach(spec -> initialize(spec, seed));
    }

    private void initialize(ParameterSpec spec, long seed) {
        switch (spec.init()) {
            case Init.Constant(float value) -> {
                for (long i = spec.offset(); i < spec.end(); i++) {
                    flat.set(i, value);
                }
            }
            case Init.Normal(double standardDeviation) -> {
                long stream = CounterRandom.stream(spec.name());
                spec.slice().forEachRun((part, whole, length) -> {
                    double[] drawn = new double[Math.min(length, DRAWN_AT_ONCE)];
                    for (int from = 0; from < length; from += drawn.length) {
                        CounterRandom.normals(seed, stream, whole + from, drawn);
                        for (int i = 0; i < Math.min(drawn.length, length - from); i++) {
                            flat.set(spec.offset() + part + from + i, (float) (standardDeviation * drawn[i]));
                        }
                    }
                });
            }
        }
    }

    private static int[] toShape(List<Integer> shape) {
        return shape.stream().mapToInt(Integer::intValue).toArray();
    }
}
