package dev.troupe.model.layer;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.util.stream.IntStream;

/** Cosines and sines of rotary positions (arXiv:2104.09864): angle = position · frequency, theta^(-2i/D) unscaled. */
public final class RotaryTable {
    private RotaryTable() {}

    /** A row per position: [contextLength, D], D/2 cosines, then D/2 sines. */
    public static Tensor create(ModelConfig config, TensorArena arena) {
        int headDim = config.headDim();
        int half = headDim / 2;
        RotaryFrequencies frequencies = RotaryFrequencies.of(config);
        double magnitude = frequencies.magnitude();
        double[] ofPairs =
                IntStream.range(0, half).mapToDouble(frequencies::ofPair).toArray();
        Tensor table = arena.allocate(config.contextLength(), headDim);
        // A long context has millions of angles.
        IntStream.range(0, config.contextLength()).parallel().forEach(position -> {
            long row = (long) position * headDim;
            for (int i = 0; i < half; i++) {
                double angle = position * ofPairs[i];
                // StrictMath: the same bits on every machine.
                table.set(row + i, (float) (StrictMath.cos(angle) * magnitude));
                table.set(row + half + i, (float) (StrictMath.sin(angle) * magnitude));
            }
        });
        return table;
    }
}
