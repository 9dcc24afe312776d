package dev.troupe.model.format;

import dev.troupe.model.chat.TemplateTexts;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.sampling.SamplingDefaults;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.ParameterSpec;
import dev.troupe.model.transformer.Parameters;
import dev.troupe.model.transformer.StoredWeights;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * A model in a file or a directory, open to be served, evaluated or converted. Its weights are pages of files.
 *
 * @param path of the file or the directory
 * @param reader gives {@link #tokenizer}
 * @param digest computes {@link #version}
 * @param templates for chats that come with it
 * @param sampling what its makers recommend
 * @param weights valid until this is closed
 * @param files that the weights are in
 */
public record OpenModel(
        Path path,
        ModelConfig config,
        Supplier<Tokenizer> reader,
        Supplier<String> digest,
        TemplateTexts templates,
        SamplingDefaults sampling,
        StoredWeights weights,
        AutoCloseable files)
        implements AutoCloseable {

    /**
     * Of the model. It may be read in the background from when the model is opened, which a large vocabulary is worth.
     *
     * @throws dev.troupe.model.TroupeException where it is read so, naming the file and what is missing or wrong
     */
    public Tokenizer tokenizer() {
        return reader.get();
    }

    /** The first digits of a digest of the weights: the same weights have the same version. Reads all of them. */
    public String version() {
        return digest.get();
    }

    /** The same model with other weights and another way to its version. */
    public OpenModel with(StoredWeights others, Supplier<String> version) {
        return new OpenModel(path, config, reader, version, templates, sampling, others, files);
    }

    /** Bytes of all weights by the type that they are stored in. */
    public Map<StorageType, Long> bytesByType() {
        Map<StorageType, Long> bytes = new TreeMap<>();
        for (ParameterSpec spec : ParameterLayout.of(config).specs()) {
            StorageType type = weights.type(spec.name());
            bytes.merge(type, type.bytes(spec.size()), Long::sum);
        }
        return bytes;
    }

    /** A float32 copy of all weights, for training and evaluation. */
    public Parameters parameters(TensorArena arena) {
        Parameters copy = Parameters.allocate(ParameterLayout.of(config), arena);
        for (ParameterSpec spec : copy.layout().specs()) {
            try (TensorArena scratch = TensorArena.open("format.scratch")) {
                weights.get(spec.name(), scratch).read(copy.get(spec.name()).segment());
            }
        }
        return copy;
    }

    @Override
    public void close() {
        try {
            files.close();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException("files that are mapped can be closed", e);
        }
    }
}
