package dev.troupe.model.format;

import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.format.safetensors.SafetensorsFile;
import dev.troupe.model.format.safetensors.TensorEntry;
import dev.troupe.model.format.shards.ShardPiece;
import dev.troupe.model.format.shards.StateKind;
import dev.troupe.model.format.shards.StateSource;
import dev.troupe.model.format.shards.StoredParameter;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.ParameterSlice;
import dev.troupe.model.transformer.ParameterSlice.RowRange;
import dev.troupe.model.transformer.ParameterSpec;
import dev.troupe.model.transformer.StoredTensor;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;

/** The files of a checkpoint that one process wrote: each parameter is whole, GPT-2's matrices transposed. */
record SingleProcessState(Path checkpoint, SafetensorsWeights weights, SafetensorsFile moments) implements StateSource {
    static SingleProcessState open(Path checkpoint, ModelConfig config) {
        Path file = checkpoint.resolve(ModelDirectory.WEIGHTS);
        SafetensorsWeights weights = SafetensorsWeights.open(file, List.of(file), config);
        try {
            return new SingleProcessState(
                    checkpoint, weights, SafetensorsFile.open(checkpoint.resolve(OptimizerFile.FILE_NAME)));
        } catch (RuntimeException e) {
            weights.close();
            throw e;
        }
    }

    @Override
    public StoredParameter get(StateKind kind, ParameterSpec spec, TensorArena scratch) {
        int rows = spec.slice().rows();
        int columns = spec.slice().columns();
        ShardPiece all = ShardPiece.of(new ParameterSlice(rows, columns, List.of(new RowRange(0, rows)), 0, columns));
        String name = kind.prefix() + spec.name();
        MemorySegment bytes = switch (kind) {
            case WEIGHT -> weight(spec.name(), scratch);
            case MOMENT1, MOMENT2 -> moment(name);
        };
        if (bytes.byteSize() != all.length() * Float.BYTES) {
            throw new TroupeException(checkpoint + ": " + name + " has " + bytes.byteSize() / Float.BYTES
                    + " elements instead of " + all.length());
        }
        return StoredParameter.of(name, all.length(), List.of(new StoredParameter.Source(all, bytes)));
    }

    private MemorySegment weight(String name, TensorArena scratch) {
        StoredTensor stored = weights.get(name, scratch);
        if (stored.type() != StorageType.F32) {
            throw new TroupeException(
                    checkpoint + ": '" + name + "' is " + stored.type() + "; training needs weights in F32");
        }
        return stored.bytes();
    }

    @Override
    public void requireComplete(ParameterLayout whole) {
        for (ParameterSpec spec : whole.specs()) { // of weights, opening saw to it
            moment(StateKind.MOMENT1.prefix() + spec.name());
            moment(StateKind.MOMENT2.prefix() + spec.name());
        }
    }

    private MemorySegment moment(String name) {
        TensorEntry entry = moments.tensors().get(name);
        if (entry == null || moments.view(name).isEmpty()) {
            throw new TroupeException(checkpoint.resolve(OptimizerFile.FILE_NAME) + ": tensor '" + name + "' is "
                    + (entry == null ? "missing" : "not aligned float32"));
        }
        return moments.bytes(entry);
    }

    @Override
    public long steps() {
        return OptimizerFile.steps(checkpoint.resolve(OptimizerFile.FILE_NAME), moments);
    }

    @Override
    public void close() {
        weights.close();
        moments.close();
    }
}
