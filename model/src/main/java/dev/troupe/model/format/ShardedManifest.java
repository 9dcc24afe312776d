package dev.troupe.model.format;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.format.durable.DirectoryManifest;
import dev.troupe.model.format.shards.ShardFiles;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.tokenizer.TokenizerJson;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The manifest.json of a checkpoint that the ranks of a mesh wrote together: a {@link DirectoryManifest} with one more
 * object.
 *
 * <pre>
 * {"format": "troupe-manifest-1",
 *  "files": {"rank-00000.safetensors": {"bytes": 81920, "sha256": "..."}, "tokenizer.json": {...}},
 *  "sharded": {"version": 1, "step": 42, "mesh": "2x1x1", "zero": 3, "config": {as in config.json},
 *              "tokenizer": "tokenizer.json", "training": {as in training.json}}}
 * </pre>
 *
 * @param step optimizer steps taken
 * @param mesh that wrote it, data x tensor x pipeline
 * @param zero the stage, 0 to 3
 * @param config of the model, as config.json would say it
 * @param tokenizer name of its file
 * @param files of the directory, the tokenizer's included
 */
public record ShardedManifest(
        long step,
        String mesh,
        int zero,
        ModelConfig config,
        String tokenizer,
        TrainingState training,
        DirectoryManifest files) {
    static final String KEY = "sharded";

    private static final int VERSION = 1;
    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    /** The bytes of the file; {@code spoken} is the model's tokenizer. */
    public byte[] toBytes(Tokenizer spoken) {
        ObjectNode root = files.toTree();
        ObjectNode own = root.putObject(KEY);
        own.put("version", VERSION);
        own.put("step", step);
        own.put("mesh", mesh);
        own.put("zero", zero);
        try {
            own.set("config", JSON.readTree(HfConfig.toJson(config, spoken)));
            own.put("tokenizer", tokenizer);
            own.set("training", JSON.readTree(TrainingStateJson.toJson(training)));
            return (JSON.writeValueAsString(root) + "\n").getBytes(StandardCharsets.UTF_8);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of numbers and strings has a JSON form", e);
        }
    }

    /**
     * Reads a directory's manifest; empty when it has none, or that of another kind of directory.
     *
     * @throws TroupeException when it is damaged, or of a later version
     */
    public static Optional<ShardedManifest> read(Path directory) {
        Path file = directory.resolve(DirectoryManifest.FILE_NAME);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            JsonNode own = JSON.readTree(Files.readString(file)).path(KEY);
            return own.isMissingNode() ? Optional.empty() : Optional.of(parse(file, directory, own));
        } catch (JsonProcessingException e) {
            throw new TroupeException(file + " is damaged: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new TroupeException(file + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static ShardedManifest parse(Path file, Path directory, JsonNode own) {
        if (own.path("version").asInt(0) != VERSION) {
            throw new TroupeException(file + " has version " + JsonFields.shown(own.path("version"))
                    + " of the sharded format, but only " + VERSION + " is known here");
        }
        String tokenizer = own.path("tokenizer").asText();
        DirectoryManifest files =
                DirectoryManifest.read(directory).orElseThrow(() -> new TroupeException(file + " is gone"));
        if (!files.files().containsKey(tokenizer)) {
            throw new TroupeException(file + " is damaged: the tokenizer's file '" + tokenizer + "' is not listed");
        }
        TrainingState training =
                TrainingStateJson.parse(file.toString(), own.path("training").toString());
        if (training.step() != own.path("step").asLong(-1)) {
            throw new TroupeException(file + " is damaged: its step is " + JsonFields.shown(own.path("step"))
                    + ", but its training stands at " + training.step());
        }
        return new ShardedManifest(
                training.step(),
                own.path("mesh").asText(),
                own.path("zero").asInt(),
                HfConfig.parse(file.toString(), own.path("config").toString()),
                tokenizer,
                training,
                files);
    }

    /** The names of the ranks' files. */
    public List<String> shards() {
        return files.files().keySet().stream()
                .filter(name -> !name.equals(tokenizer))
                .toList();
    }

    ShardFiles openShards(Path directory) {
        return ShardFiles.open(directory, shards(), step);
    }

    Tokenizer readTokenizer(Path directory) {
        return TokenizerJson.read(directory.resolve(tokenizer));
    }
}
