package dev.troupe.model.layer;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.util.stream.IntStream;

/**
 * Cosines and sines of rotary positions (arXiv:2104.09864): angle = position · frequency, theta^(-2i/D) unscaled. Rows
 * are made as positions are reached: a context of 128 thousand has eight million angles, a second's work, and most
 * requests reach few of them. Not thread-safe.
 */
public final class RotaryTable {
    /** Rows that are made at once. */
    private static final int PAGE = 256;

    private final double[] ofPairs;
    private final double magnitude;
    private final Tensor table;
    private int numReady;

    /** No row is there yet. */
    public RotaryTable(ModelConfig config, TensorArena arena) {
        RotaryFrequencies frequencies = RotaryFrequencies.of(config);
        magnitude = frequencies.magnitude();
        ofPairs = IntStream.range(0, config.headDim() / 2)
                .mapToDouble(frequencies::ofPair)
                .toArray();
        table = arena.allocate(config.contextLength(), config.headDim());
    }

    /** All rows of the context: [contextLength, D]. */
    public static Tensor whole(ModelConfig config, TensorArena arena) {
        RotaryTable table = new RotaryTable(config, arena);
        table.reach(config.contextLength());
        return table.rows();
    }

    /** A row per position: [contextLength, D], D/2 cosines, then D/2 sines; zero where none was reached. */
    public Tensor rows() {
        return table;
    }

    /** Makes the rows of the first {@code positions} of the context. */
    public void reach(int positions) {
        int needed = Math.min(positions, table.dim(0));
        if (needed > numReady) {
            int end = Math.min(Math.ceilDiv(needed, PAGE) * PAGE, table.dim(0));
            IntStream rows = IntStream.range(numReady, end);
            // Many are worth other threads.
            (end - numReady > PAGE ? rows.parallel() : rows).forEach(this::fill);
            numReady = end;
        }
    }

    private void fill(int position) {
        int half = ofPairs.length;
        long row = (long) position * table.dim(1);
        for (int i = 0; i < half; i++) {
            double angle = position * ofPairs[i];
            // StrictMath: the same bits on every machine.
            table.set(row + i, (float) (StrictMath.cos(angle) * magnitude));
            table.set(row + half + i, (float) (StrictMath.sin(angle) * magnitude));
        }
    }
}
