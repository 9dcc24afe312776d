package dev.troupe.model.bench;

import dev.troupe.model.chat.TemplateTexts;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.format.ModelConverter;
import dev.troupe.model.format.OpenModel;
import dev.troupe.model.sampling.SamplingDefaults;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tokenizer.SyllableVocabulary;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.ParameterSpec;
import dev.troupe.model.transformer.StoredTensor;
import dev.troupe.model.transformer.StoredWeights;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** A model with the weights that inference is measured on, as a file that can be served. */
public final class RandomModel {
    private RandomModel() {}

    /**
     * Writes a GGUF file. One tensor at a time is in memory as float32.
     *
     * @param to must not exist
     * @param seed of the weights; 0 gives those of {@link RandomWeights}
     * @return numbers of all weights
     * @throws dev.troupe.model.TroupeException when the file exists or cannot be written
     */
    public static long write(InferenceShape shape, StorageType type, long seed, Path to) {
        ModelConfig config = shape.config();
        OpenModel model = new OpenModel(
                Path.of(shape.label()),
                config,
                () -> SyllableVocabulary.of(config.vocabSize()),
                () -> shape.label(),
                TemplateTexts.NONE,
                SamplingDefaults.NONE,
                new Drawn(config, seed),
                () -> {});
        ModelConverter.write(model, to, type);
        return ParameterLayout.of(config).size();
    }

    /** Weights that are drawn when they are asked for. */
    private static final class Drawn implements StoredWeights {
        private final Map<String, ParameterSpec> specs;
        private final long seed;

        Drawn(ModelConfig config, long seed) {
            this.specs = ParameterLayout.of(config).specs().stream()
                    .collect(Collectors.toMap(ParameterSpec::name, Function.identity()));
            this.seed = seed;
        }

        @Override
        public StoredTensor get(String name, TensorArena scratch) {
            ParameterSpec spec = specs.get(name);
            if (spec == null) {
                throw new IllegalArgumentException("there is no weight called " + name);
            }
            Tensor drawn = scratch.allocate(
                    spec.shape().stream().mapToInt(Integer::intValue).toArray());
            RandomWeights.fill(drawn, name, seed);
            int columns = spec.shape().getLast();
            return new StoredTensor(
                    name, StorageType.F32, Math.toIntExact(drawn.size() / columns), columns, drawn.readOnlySegment());
        }

        @Override
        public StorageType type(String name) {
            return StorageType.F32;
        }
    }
}
