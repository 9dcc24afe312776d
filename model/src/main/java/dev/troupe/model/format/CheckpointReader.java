package dev.troupe.model.format;

import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.format.durable.DirectoryManifest;
import dev.troupe.model.format.shards.ShardPiece;
import dev.troupe.model.format.shards.StateKind;
import dev.troupe.model.format.shards.StateSource;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.ParameterSpec;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A checkpoint of either kind, one process's or a mesh's, open to be read by one process or any rank of any mesh.
 * Opening does not compare checksums: {@link CheckpointStore#verify} does.
 */
public final class CheckpointReader implements AutoCloseable {
    private final Path path;
    private final ModelConfig config;
    private final TrainingState training;
    private final StateSource source;

    private CheckpointReader(Path path, ModelConfig config, TrainingState training, StateSource source) {
        this.path = path;
        this.config = config;
        this.training = training;
        this.source = source;
    }

    /**
     * Opens a checkpoint.
     *
     * @throws TroupeException naming what is missing or damaged
     */
    public static CheckpointReader open(Path checkpoint) {
        if (DirectoryManifest.read(checkpoint).isEmpty()) {
            throw CheckpointStore.notWhole(checkpoint);
        }
        Optional<ShardedManifest> sharded = ShardedManifest.read(checkpoint);
        if (sharded.isPresent()) {
            ShardedManifest manifest = sharded.get();
            return new CheckpointReader(
                    checkpoint, manifest.config(), manifest.training(), manifest.openShards(checkpoint));
        }
        ModelConfig config = HfConfig.read(checkpoint.resolve(HfConfig.FILE_NAME));
        TrainingState training = TrainingStateJson.read(checkpoint.resolve(TrainingStateJson.FILE_NAME));
        return new CheckpointReader(checkpoint, config, training, SingleProcessState.open(checkpoint, config));
    }

    /** The model, as config.json says it. */
    public ModelConfig config() {
        return config;
    }

    /** Where its run stood. */
    public TrainingState training() {
        return training;
    }

    /** Steps that the optimizer has taken. */
    public long steps() {
        return source.steps();
    }

    /**
     * Compares the model with another.
     *
     * @throws TroupeException when they are not the same
     */
    public void requireModel(ModelConfig wanted) {
        ModelConfig normalized = HfConfig.normalized(wanted);
        if (!config.equals(normalized)) {
            throw new TroupeException("checkpoint " + path + " is of another model than the configuration's: " + config
                    + " instead of " + normalized);
        }
    }

    /**
     * Checks that there is every element of the model once.
     *
     * @throws TroupeException naming a parameter that is not whole
     */
    public void requireComplete() {
        source.requireComplete(ParameterLayout.of(config));
    }

    /**
     * Copies elements [from, from + target.size()) of a parameter, or of the part of it that {@code spec} is, in
     * row-major order. No bit changes.
     */
    public void read(StateKind kind, ParameterSpec spec, long from, Tensor target) {
        ShardPiece piece = new ShardPiece(spec.slice(), from, from + target.size());
        try (TensorArena scratch = TensorArena.open("format.scratch")) {
            source.get(kind, spec, scratch).read(piece, target.segment());
        }
    }

    @Override
    public void close() {
        source.close();
    }
}
