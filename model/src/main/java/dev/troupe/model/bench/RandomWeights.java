package dev.troupe.model.bench;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.Parameters;
import dev.troupe.model.transformer.StageRange;
import dev.troupe.model.transformer.WeightSource;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** Random weights of one layer at a time: models that are too large to be in memory as float32 can be measured too. */
public final class RandomWeights implements WeightSource, AutoCloseable {
    private static final int PART = 1 << 16; // elements drawn from one seed
    private static final float WIDTH = 0.07f; // of a uniform distribution with a standard deviation of 0.02

    private final ModelConfig config;
    private int current = -1;
    private @Nullable TensorArena arena;
    private @Nullable Parameters parameters;

    /** Weights that are the same for every model of this shape. */
    public RandomWeights(ModelConfig config) {
        this.config = config;
    }

    @Override
    public Parameters layer(int layer) {
        if (layer == current && parameters != null) {
            return parameters;
        }
        close();
        current = layer;
        TensorArena memory = TensorArena.open("bench.weights");
        arena = memory;
        StageRange range = new StageRange(layer, layer + 1, layer == 0, layer == config.numLayers() - 1);
        Parameters drawn = Parameters.allocate(ParameterLayout.of(config, range), memory);
        drawn.layout().specs().forEach(spec -> fill(drawn.get(spec.name()), spec.name(), 0));
        parameters = drawn;
        return drawn;
    }

    /** Matrices at random, norms 1. */
    static void fill(Tensor tensor, String name, long seed) {
        boolean matrix = tensor.rank() == 2;
        LongStream.range(0, Math.ceilDiv(tensor.size(), PART)).parallel().forEach(part -> {
            SplittableRandom random = new SplittableRandom((seed * 31 + name.hashCode()) * 31 + part);
            long end = Math.min(tensor.size(), (part + 1) * PART);
            for (long i = part * PART; i < end; i++) {
                tensor.set(i, matrix ? (random.nextInt() * 0x1p-32f) * WIDTH : 1);
            }
        });
    }

    @Override
    public void close() {
        if (arena != null) {
            arena.close();
            arena = null;
            parameters = null;
        }
    }
}
