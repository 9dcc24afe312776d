package dev.troupe.model.layer;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;

/** Cosines and sines of rotary positions (arXiv:2104.09864): angle = position · theta^(-2i/D). */
public final class RotaryTable {
    private RotaryTable() {}

    /** A row per position: [contextLength, D], D/2 cosines, then D/2 sines. */
    public static Tensor create(ModelConfig config, TensorArena arena) {
        int headDim = config.headDim();
        int half = headDim / 2;
        Tensor table = arena.allocate(config.contextLength(), headDim);
        for (int i = 0; i < half; i++) {
            double frequency = frequency(config.ropeTheta(), i, headDim);
            for (int position = 0; position < config.contextLength(); position++) {
                long row = (long) position * headDim;
                // StrictMath: the same bits on every machine.
                table.set(row + i, (float) StrictMath.cos(position * frequency));
                table.set(row + half + i, (float) StrictMath.sin(position * frequency));
            }
        }
        return table;
    }

    /** Radians a position by which pair {@code i} of a head turns. */
    static double frequency(double theta, int i, int headDim) {
        return StrictMath.pow(theta, -2.0 * i / headDim);
    }
}
