package dev.troupe.model.format;

import dev.troupe.model.Background;
import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.format.durable.Sha256;
import dev.troupe.model.gguf.GgufFile;
import dev.troupe.model.gguf.GgufMetadata;
import dev.troupe.model.tokenizer.GgufVocabulary;
import dev.troupe.model.tokenizer.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;

/** Opens models of either kind: a GGUF file, or a directory in Hugging Face's layout. */
public final class ModelFiles {
    private ModelFiles() {}

    /** Whether a path is to be read as a GGUF file. */
    public static boolean isGguf(Path path) {
        return Files.isRegularFile(path) || path.toString().endsWith(".gguf");
    }

    /**
     * Opens a model and checks it: everything but the numbers.
     *
     * @throws TroupeException naming the file and what is missing or wrong
     */
    public static OpenModel open(Path path) {
        return isGguf(path) ? openGguf(path) : ModelDirectory.open(path);
    }

    private static OpenModel openGguf(Path path) {
        GgufFile file = GgufFile.open(path);
        try {
            ModelConfig config = GgufConfig.read(file);
            Background<Tokenizer> tokenizer =
                    Background.start("troupe-tokenizer", () -> tokenizer(path, file.metadata(), config));
            return new OpenModel(
                    path,
                    config,
                    tokenizer::result,
                    () -> Sha256.ofPieces(file.bytes()).shortSha256(),
                    GgufTemplates.read(file.metadata()),
                    GenerationConfig.read(path, file.metadata()),
                    new GgufWeights(file, config),
                    file);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private static Tokenizer tokenizer(Path path, GgufMetadata metadata, ModelConfig config) {
        Tokenizer tokenizer;
        try {
            tokenizer = GgufVocabulary.read(metadata);
        } catch (TroupeException e) {
            String message = String.valueOf(e.getMessage());
            throw message.startsWith(path.toString()) ? e : new TroupeException(path + ": " + message, e);
        }
        if (tokenizer.vocabSize() > config.vocabSize()) {
            throw new TroupeException(path + ": the tokenizer has " + tokenizer.vocabSize()
                    + " tokens, but token_embd.weight has " + config.vocabSize() + " rows");
        }
        return tokenizer;
    }
}
