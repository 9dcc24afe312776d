package dev.troupe.model.format;

import dev.troupe.model.TroupeException;
import dev.troupe.model.chat.TemplateTexts;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.format.durable.AtomicDirectory;
import dev.troupe.model.format.durable.DirectoryManifest;
import dev.troupe.model.format.durable.DurableFiles;
import dev.troupe.model.format.durable.FileDigest;
import dev.troupe.model.format.durable.Sha256;
import dev.troupe.model.format.safetensors.NamedTensor;
import dev.troupe.model.format.safetensors.SafetensorsWriter;
import dev.troupe.model.sampling.SamplingDefaults;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.tokenizer.TokenizerJson;
import dev.troupe.model.transformer.ParameterSpec;
import dev.troupe.model.transformer.Parameters;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A model in Hugging Face's layout: config.json, model.safetensors, tokenizer.json, tokenizer_config.json,
 * generation_config.json, and our manifest.json beside them. Directories of others load without a manifest. A sharded
 * checkpoint opens as one too.
 */
public final class ModelDirectory {
    static final String WEIGHTS = WeightFiles.SINGLE;

    private ModelDirectory() {}

    /**
     * Opens a model; with a manifest, its files are checked first.
     *
     * @throws TroupeException naming the file and what is missing or wrong
     */
    static OpenModel open(Path directory) {
        requireDirectory(directory);
        Optional<ShardedManifest> sharded = ShardedManifest.read(directory);
        if (sharded.isPresent()) {
            return ShardedWeights.open(directory, sharded.get());
        }
        WeightFiles files = WeightFiles.of(directory);
        Optional<DirectoryManifest> manifest = DirectoryManifest.read(directory);
        manifest.ifPresent(found -> found.verify(directory, checked(files)));
        ModelConfig config = HfConfig.read(directory.resolve(HfConfig.FILE_NAME));
        Tokenizer tokenizer = TokenizerJson.read(directory.resolve(TokenizerJson.FILE_NAME));
        if (tokenizer.vocabSize() > config.vocabSize()) {
            throw new TroupeException(directory + ": the tokenizer has " + tokenizer.vocabSize()
                    + " tokens, but config.json says vocab_size " + config.vocabSize());
        }
        SamplingDefaults sampling = GenerationConfig.read(directory);
        SafetensorsWeights weights = SafetensorsWeights.open(files.path(), files.files(), config);
        return new OpenModel(
                directory,
                config,
                () -> tokenizer,
                () -> version(manifest, files),
                DirectoryTemplates.read(directory),
                sampling,
                weights,
                weights);
    }

    private static List<String> checked(WeightFiles files) {
        List<String> names = new ArrayList<>(List.of(HfConfig.FILE_NAME, TokenizerJson.FILE_NAME));
        files.files().forEach(file -> names.add(String.valueOf(file.getFileName())));
        return names;
    }

    /**
     * Loads a model as float32; with a manifest, its files are checked first.
     *
     * @param arena owns the weights
     * @throws TroupeException naming the file and what is missing or wrong
     */
    public static LoadedModel load(Path directory, TensorArena arena) {
        try (OpenModel model = open(directory)) {
            return new LoadedModel(model.config(), model.parameters(arena), model.tokenizer(), model.version());
        }
    }

    private static void requireDirectory(Path directory) {
        if (!Files.isDirectory(directory)) {
            throw new TroupeException(directory
                    + (Files.exists(directory) ? " is not a directory" : " does not exist")
                    + ": a model is a directory with " + HfConfig.FILE_NAME + ", " + WEIGHTS + " and "
                    + TokenizerJson.FILE_NAME + ", or a GGUF file");
        }
    }

    private static String version(Optional<DirectoryManifest> manifest, WeightFiles files) {
        Optional<FileDigest> known = manifest.map(found -> found.files().get(WEIGHTS));
        if (known.isPresent()) {
            return known.get().shortSha256();
        }
        try {
            if (files.files().size() == 1) {
                return Sha256.of(files.files().getFirst()).shortSha256();
            }
            StringBuilder all = new StringBuilder();
            for (Path file : files.files()) {
                all.append(Sha256.of(file).sha256());
            }
            return new FileDigest(0, Sha256.of(utf8(all.toString()))).shortSha256();
        } catch (IOException e) {
            throw new TroupeException(files.path() + " cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * Writes a model atomically, in place of what was there.
     *
     * @throws TroupeException when it cannot be written; what was there is untouched
     */
    public static void write(Path directory, ModelConfig config, Parameters weights, Tokenizer tokenizer) {
        try {
            AtomicDirectory.publish(DurableFiles.LOCAL, directory, out -> {
                writeFiles(out, config, weights, tokenizer);
                DirectoryManifest.write(out);
            });
        } catch (IOException e) {
            throw new TroupeException("the model cannot be written to " + directory + ": " + e.getMessage(), e);
        }
    }

    /** Writes the files that make a directory loadable by others. */
    static void writeFiles(AtomicDirectory out, ModelConfig config, Parameters weights, Tokenizer tokenizer)
            throws IOException {
        out.write(HfConfig.FILE_NAME, utf8(HfConfig.toJson(config, tokenizer)));
        out.write(TokenizerJson.FILE_NAME, utf8(TokenizerJson.toJson(tokenizer)));
        out.write(
                DirectoryTemplates.CONFIG, utf8(TokenizerFiles.tokenizerConfig(config, tokenizer, TemplateTexts.NONE)));
        out.write(GenerationConfig.FILE_NAME, utf8(GenerationConfig.toJson(tokenizer, SamplingDefaults.NONE)));
        try (TensorArena zeros = TensorArena.open("format.scratch")) {
            List<NamedTensor> tensors = namedTensors(config, weights, zeros);
            out.write(WEIGHTS, channel -> SafetensorsWriter.write(channel, tensors, Map.of("format", "pt")));
        }
    }

    private static List<NamedTensor> namedTensors(ModelConfig config, Parameters weights, TensorArena zeros) {
        WeightNames names = new WeightNames(config);
        List<NamedTensor> tensors = new ArrayList<>();
        // transformers' GPT-2 always has biases: zeros make a model without them load there without a warning.
        boolean zeroBiases = config.architecture().equals("gpt2") && !config.bias();
        for (ParameterSpec spec : weights.layout().specs()) {
            tensors.add(new NamedTensor(names.inFile(spec.name()), weights.get(spec.name()), names.isTransposed(spec)));
            boolean inBlock = spec.name().startsWith("h.") || spec.name().startsWith("ln_f.");
            if (zeroBiases
                    && inBlock
                    && (config.norm() == NormKind.LAYER || spec.shape().size() == 2)) {
                String bias = spec.name().replaceFirst("\\.weight$", ".bias");
                Tensor zero = zeros.allocate(spec.shape().getFirst());
                tensors.add(NamedTensor.of(names.inFile(bias), zero));
            }
        }
        return tensors;
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
