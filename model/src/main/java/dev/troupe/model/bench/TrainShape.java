package dev.troupe.model.bench;

import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.transformer.TrainingFlops;
import java.util.List;

/**
 * A GPT-2-like model that training speed is measured on; other frameworks are measured on the same.
 *
 * @param time tokens of a sequence
 * @param batch sequences of a step
 */
public record TrainShape(String label, int layers, int heads, int dim, int vocab, int time, int batch) {
    /**
     * nanoGPT's shakespeare-char configuration for a CPU; the same with its full size; GPT-2 on short sequences and on
     * longer ones.
     */
    public static final List<TrainShape> ALL = List.of(
            new TrainShape("char-cpu", 4, 4, 128, 65, 64, 12),
            new TrainShape("baby", 6, 6, 384, 65, 256, 8),
            new TrainShape("gpt2-short", 12, 12, 768, 50_304, 64, 4),
            new TrainShape("gpt2", 12, 12, 768, 50_304, 256, 4));

    /**
     * The shape that the command line calls so.
     *
     * @throws TroupeException when there is none; its message lists the names
     */
    public static TrainShape named(String label) {
        return ALL.stream()
                .filter(shape -> shape.label.equals(label))
                .findFirst()
                .orElseThrow(() -> new TroupeException("no shape is called '" + label + "'; there are "
                        + ALL.stream().map(TrainShape::label).toList()));
    }

    /** Tokens of a step. */
    public int tokens() {
        return batch * time;
    }

    ModelConfig config() {
        return new ModelConfig(
                "gpt2",
                vocab,
                dim,
                layers,
                heads,
                heads,
                dim / heads,
                4 * dim,
                time,
                NormKind.LAYER,
                1e-5f,
                MlpKind.GELU,
                PositionKind.LEARNED,
                0,
                true,
                true,
                0);
    }

    /** Floating-point operations of a token, forward and backward. */
    public double flopsPerToken() {
        return TrainingFlops.perToken(config());
    }
}
