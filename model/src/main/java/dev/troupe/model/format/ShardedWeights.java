package dev.troupe.model.format;

import dev.troupe.model.TroupeException;
import dev.troupe.model.chat.TemplateTexts;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.format.durable.FileDigest;
import dev.troupe.model.format.durable.Sha256;
import dev.troupe.model.format.shards.ShardFiles;
import dev.troupe.model.format.shards.ShardPiece;
import dev.troupe.model.format.shards.StateKind;
import dev.troupe.model.format.shards.StoredParameter;
import dev.troupe.model.sampling.SamplingDefaults;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.ParameterSpec;
import dev.troupe.model.transformer.StoredTensor;
import dev.troupe.model.transformer.StoredWeights;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.NoSuchElementException;

/** The weights of a sharded checkpoint, each put together when it is asked for: to be served, evaluated or exported. */
final class ShardedWeights implements StoredWeights {
    private final Path directory;
    private final ShardFiles files;
    private final ParameterLayout layout;

    private ShardedWeights(Path directory, ShardFiles files, ParameterLayout layout) {
        this.directory = directory;
        this.files = files;
        this.layout = layout;
    }

    /** Opens a checkpoint as a model, after its files were checked. */
    static OpenModel open(Path directory, ShardedManifest manifest) {
        manifest.files().verify(directory);
        ModelConfig config = manifest.config();
        Tokenizer tokenizer = manifest.readTokenizer(directory);
        ShardFiles files = manifest.openShards(directory);
        try {
            ParameterLayout layout = ParameterLayout.of(config);
            files.requireComplete(layout);
            return new OpenModel(
                    directory,
                    config,
                    () -> tokenizer,
                    () -> version(manifest),
                    TemplateTexts.NONE,
                    SamplingDefaults.NONE,
                    new ShardedWeights(directory, files, layout),
                    files);
        } catch (RuntimeException e) {
            files.close();
            throw e;
        }
    }

    private static String version(ShardedManifest manifest) {
        StringBuilder all = new StringBuilder();
        for (String shard : manifest.shards()) {
            FileDigest digest = manifest.files().files().get(shard);
            all.append(digest == null ? "" : digest.sha256());
        }
        return new FileDigest(0, Sha256.of(ModelDirectory.utf8(all.toString()))).shortSha256();
    }

    @Override
    public StoredTensor get(String name, TensorArena scratch) {
        ParameterSpec spec = spec(name);
        StoredParameter stored = files.get(StateKind.WEIGHT, spec, scratch);
        MemorySegment bytes = scratch.allocateBytes(spec.size() * Float.BYTES);
        stored.read(ShardPiece.of(spec.slice()), bytes);
        boolean isMatrix = spec.shape().size() == 2;
        int columns = spec.shape().getLast();
        return new StoredTensor(name, StorageType.F32, isMatrix ? spec.shape().getFirst() : 1, columns, bytes);
    }

    @Override
    public StorageType type(String name) {
        spec(name);
        return StorageType.F32;
    }

    private ParameterSpec spec(String name) {
        try {
            return layout.spec(name);
        } catch (NoSuchElementException e) {
            throw new TroupeException(directory + " has no tensor '" + name + "'", e);
        }
    }
}
